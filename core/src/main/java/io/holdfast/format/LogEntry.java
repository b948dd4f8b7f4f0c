package io.holdfast.format;

import java.util.List;

/** One change that a log record carries. */
public sealed interface LogEntry {
    /** Bytes that every entry begins with: its kind, flags and length. */
    int HEAD_BYTES = 4;

    /** Returns how many bytes the entry takes in a record's header. */
    int encodedBytes();

    /** Returns the inode whose block map the entry changes, or 0 if it changes none. */
    long inode();

    /**
     * Data blocks that lie side by side, in the file and on the device.
     *
     * @param noChecksum the file keeps no checksums: the block map gets none
     * @param checksums one for each block, which prove that the data landed; empty if the data was on the medium before
     *     the record was written (a direct write from the caller's own memory)
     */
    record Extent(long inode, long fileBlock, long block, int count, boolean noChecksum, long[] checksums)
            implements LogEntry {
        @Override
        public int encodedBytes() {
            return HEAD_BYTES + 8 * checksums.length;
        }

        /** Bytes of an extent's entry without its checksums. */
        public static final int HEAD_BYTES = 28;

        /** Most blocks of one extent. */
        public static final int BLOCKS_MAX = 1 << 16;

        public boolean proven() {
            return checksums.length > 0;
        }
    }

    /** A range of a file becomes hole or unwritten, whatever it was. */
    record Range(long inode, long first, long count, int state) implements LogEntry {
        @Override
        public int encodedBytes() {
            return 28;
        }
    }

    /** An item of the metadata tree is put or removed. */
    record ItemChange(Item item) implements LogEntry {
        @Override
        public int encodedBytes() {
            return bytes(item);
        }

        /** Returns how many bytes an item takes in a record. */
        public static int bytes(Item item) {
            byte[] value = item.value();
            return bytes(item.key().length, value == null ? 0 : value.length);
        }

        /** Returns how many bytes an item with so long a key and value takes in a record. */
        public static int bytes(int keyBytes, int valueBytes) {
            return 6 + keyBytes + valueBytes;
        }

        @Override
        public long inode() {
            return 0;
        }
    }

    /** An inode and its whole block map are gone. */
    record Drop(long inode) implements LogEntry {
        @Override
        public int encodedBytes() {
            return 12;
        }
    }

    /** Entries that did not fit into the header: these blocks have them, one behind the other. */
    record Payload(int bytes, List<PayloadBlock> blocks) implements LogEntry {
        @Override
        public int encodedBytes() {
            return 8 + PayloadBlock.BYTES * blocks.size();
        }

        @Override
        public long inode() {
            return 0;
        }
    }

    /**
     * A block of a payload, which is there twice.
     *
     * @param checksum of both
     */
    record PayloadBlock(long block, long twin, long checksum) {
        /** Bytes of an entry for each block. */
        static final int BYTES = 24;
    }

    /**
     * A mount begins here. The entry has a record of its own.
     *
     * @param logId of the records behind this one
     * @param changeBytes bytes of memory that the changes of maps may take in this mount
     */
    record Mount(long logId, long changeBytes) implements LogEntry {
        @Override
        public int encodedBytes() {
            return 20;
        }

        @Override
        public long inode() {
            return 0;
        }
    }

    /** The volume was closed here, and its log left as it is. */
    record Close() implements LogEntry {
        @Override
        public int encodedBytes() {
            return HEAD_BYTES;
        }

        @Override
        public long inode() {
            return 0;
        }
    }
}
