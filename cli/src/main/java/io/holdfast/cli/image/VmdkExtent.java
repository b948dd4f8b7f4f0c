package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Walks through a sparse extent of a VMDK: a directory leads to tables, and these lead to grains. VMware's «Virtual Disk Format 5.0»
 * describes it. An extent that was written as a stream has its header once more at its end, and only that one knows the directory.
 *
 * <pre>
 *   header     0 "KDMV"   8 flags   12 sectors   20 sectors of a grain   28 description   36 its sectors
 *              44 entries of a table   56 directory, or -1: see the end   77 compression
 *   directory, table   0: nothing there   else a sector
 *   compressed grain   8 bytes of the data behind   12 data
 * </pre>
 */
final class VmdkExtent {
    private static final int SECTOR = 512;
    private static final int MAGIC = 0x564d444b;
    private static final int FOOTER_BYTES = 3 * SECTOR;
    private static final int FLAG_ZERO_GRAIN = 1 << 2;
    private static final int FLAG_MARKERS = 1 << 17;
    private static final long GRAIN_SECTORS_MAX = 0x200000;
    private static final int TABLE_ENTRIES_MAX = 512;
    private static final int MARKER_BYTES = 12;

    private final ImageFile file;
    private final ByteBuffer header;
    /** The header that knows the directory. */
    private final ByteBuffer last;

    private VmdkExtent(ImageFile file, ByteBuffer header, ByteBuffer last) {
        this.file = file;
        this.header = header;
        this.last = last;
    }

    static VmdkExtent open(ImageFile file) throws IOException {
        ByteBuffer header = file.bytes(0, SECTOR, ByteOrder.LITTLE_ENDIAN, "its header");
        requireSense(file, header);
        if (header.getLong(56) != -1) {
            return new VmdkExtent(file, header, header);
        }
        ByteBuffer end =
                file.bytes(file.size() - FOOTER_BYTES, FOOTER_BYTES, ByteOrder.LITTLE_ENDIAN, "the header at its end");
        ByteBuffer last = end.slice(SECTOR, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        requireSense(file, last);
        return new VmdkExtent(file, header, last);
    }

    private static void requireSense(ImageFile file, ByteBuffer header) throws IOException {
        if (header.getInt(0) != MAGIC) {
            throw file.broken("a header of it is missing");
        }
        if (header.getLong(12) == 0) {
            throw Refusal.needsOthers(
                    file.name(),
                    "is VMDK with a part of capacity 0, whose data lies elsewhere",
                    "Nothing can be imported");
        }
        long grain = header.getLong(20);
        int entries = header.getInt(44);
        boolean sensible = header.getLong(12) > 0 && header.getLong(12) <= Long.MAX_VALUE / SECTOR;
        if (!sensible || grain < 1 || grain > GRAIN_SECTORS_MAX || entries < 1 || entries > TABLE_ENTRIES_MAX) {
            throw file.broken("a header of it makes no sense");
        }
    }

    /** Returns where the description is, in bytes. */
    long descriptionAt() throws IOException {
        return bytes(header.getLong(28));
    }

    /** Returns how long the description is, in bytes; 0 if there is none. */
    long descriptionBytes() throws IOException {
        return header.getLong(28) == 0 ? 0 : bytes(header.getLong(36));
    }

    private long bytes(long sectors) throws IOException {
        if (sectors < 0 || sectors > file.size() / SECTOR) {
            throw file.broken("its header leads behind its end");
        }
        return sectors * SECTOR;
    }

    /** Fails unless the file has all grains. */
    void requireWhole() throws IOException {
        long sectors = last.getLong(12);
        long grain = last.getLong(20);
        int entries = last.getInt(44);
        long tables = Math.ceilDiv(sectors, grain * entries);
        int ofNone = (last.getInt(8) & FLAG_ZERO_GRAIN) != 0 ? 1 : 0;
        file.table(bytes(last.getLong(56)), tables, 4, ByteOrder.LITTLE_ENDIAN, "its directory", (i, directory) -> {
            if (directory.getInt(0) == 0) {
                return;
            }
            long table = Integer.toUnsignedLong(directory.getInt(0)) * SECTOR;
            file.table(table, entries, 4, ByteOrder.LITTLE_ENDIAN, "a table of grains", (j, entry) -> {
                long left = sectors - (i * entries + j) * grain;
                long at = Integer.toUnsignedLong(entry.getInt(0));
                if (left > 0 && at > ofNone) {
                    grain(at * SECTOR, Math.min(grain, left) * SECTOR, grain * SECTOR);
                }
            });
        });
    }

    /** Looks at one grain, of which the disk has {@code wanted} bytes. */
    private void grain(long at, long wanted, long grainBytes) throws IOException {
        if (last.getShort(77) == 0) {
            file.require(at, wanted, "data of it");
            return;
        }
        if ((last.getInt(8) & FLAG_MARKERS) == 0) {
            throw file.broken("its grains have no lengths");
        }
        // QEMU takes no grain that is longer than this when compressed, so only those at the end have to be looked at.
        if (at > file.size() - MARKER_BYTES - 2 * grainBytes) {
            int length = file.bytes(at, MARKER_BYTES, ByteOrder.LITTLE_ENDIAN, "data of it")
                    .getInt(8);
            file.require(at + MARKER_BYTES, Integer.toUnsignedLong(length), "data of it");
        }
    }
}
