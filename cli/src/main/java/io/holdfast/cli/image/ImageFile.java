package io.holdfast.cli.image;

import io.holdfast.cli.copy.Source;
import io.holdfast.cli.copy.Sources;
import io.holdfast.error.HoldfastException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The file of an image, whose header and tables are looked at before any other program reads it. QEMU gives zeroes for what lies
 * behind the end of a file, also for a table there; so a disk would look whole that was cut off. Therefore the layout classes ask
 * this for everything that a table leads to, and it fails with {@link Refusal#broken} for what is not within the file.
 *
 * <p>Invariant: reads no more bytes of tables than the file has data, and {@value #TABLE_BYTES_FREE} more; its length says little, since
 * a file may have holes. In a sound image no two tables share a byte. Without this bound a small file whose tables lead to one table
 * over and over, or to holes, would be read for days. What is decompressed is bounded too.
 */
final class ImageFile implements Closeable {
    private static final int PIECE_BYTES = 64 << 10;
    /** Tables may lie in holes: a copy may have made holes of tables without entries. */
    private static final long TABLE_BYTES_FREE = 64 << 20;
    /** How far data is taken to reach where the file has some. */
    private static final long DATA_STEP_BYTES = 1 << 20;
    /** Only what the last sectors of a file begin has to be decompressed, which is less than this in each sound image. */
    private static final long DECOMPRESSED_BYTES_MAX = 64 << 20;

    private final String name;
    private final ImageFormat format;
    private final Source source;
    private final long size;
    private long tableBytesLeft;
    /** Up to where the data of the file was counted. */
    private long counted;

    private long decompressedBytesLeft = DECOMPRESSED_BYTES_MAX;

    private ImageFile(String name, ImageFormat format, Source source) {
        this.name = name;
        this.format = format;
        this.source = source;
        this.size = source.size();
        this.tableBytesLeft = Math.min(size, TABLE_BYTES_FREE);
    }

    /** Opens a file; {@code name} is what messages call the image. */
    static ImageFile open(Path file, String name, ImageFormat format) throws IOException {
        return new ImageFile(name, format, Sources.anywhere(file));
    }

    /** Takes an entry of a table. */
    @FunctionalInterface
    interface Entries {
        /**
         * Looks at one entry.
         *
         * @param entry the table's bytes, at the begin of this entry, in the order of the table
         */
        void accept(long index, ByteBuffer entry) throws IOException;
    }

    String name() {
        return name;
    }

    ImageFormat format() {
        return format;
    }

    /** Returns the length of the file in bytes. */
    long size() {
        return size;
    }

    /** Reads {@code length} bytes; {@code what} names them in the error if the file ends before. */
    ByteBuffer bytes(long at, int length, ByteOrder order, String what) throws IOException {
        require(at, length, what);
        ByteBuffer buffer = ByteBuffer.allocate(length);
        source.read(at, buffer);
        return buffer.flip().order(order);
    }

    /** Fails unless the file has all of these bytes; {@code what} names them. */
    void require(long at, long length, String what) throws HoldfastException {
        if (at < 0 || length < 0 || at > size - length) {
            throw broken(what + " should be at bytes " + Long.toUnsignedString(at) + " to "
                    + Long.toUnsignedString(at + length) + ", and the file ends at " + size);
        }
    }

    /**
     * Reads a table and hands over its entries.
     *
     * @param count how many entries
     * @param width bytes of an entry, a power of two
     */
    void table(long at, long count, int width, ByteOrder order, String what, Entries each) throws IOException {
        if (count < 0 || count > size / width) {
            throw broken(what + " is larger than the file");
        }
        require(at, count * width, what);
        charge(count * width);
        ByteBuffer piece =
                ByteBuffer.allocate((int) Math.min(PIECE_BYTES, count * width)).order(order);
        for (long index = 0; index < count; ) {
            piece.clear().limit((int) Math.min(piece.capacity(), (count - index) * width));
            source.read(at + index * width, piece);
            for (piece.flip(); piece.hasRemaining(); piece.position(piece.position() + width)) {
                each.accept(index++, piece.slice().order(order));
            }
        }
    }

    private void charge(long bytes) throws IOException {
        tableBytesLeft -= bytes;
        while (tableBytesLeft < 0) {
            long data = counted < size ? source.nextData(counted) : size;
            if (data >= size) {
                throw broken("its tables lead to holes, or they lead to the same places over and over");
            }
            counted = Math.min(size, data + DATA_STEP_BYTES);
            tableBytesLeft += counted - data;
        }
    }

    /** Counts what is decompressed, and fails if that is more than any sound image needs. */
    void chargeDecompressed(long bytes) throws HoldfastException {
        decompressedBytesLeft -= bytes;
        if (decompressedBytesLeft < 0) {
            throw broken("too many of its clusters lead to its last bytes");
        }
    }

    /** Returns the error that says why this image is not taken. */
    HoldfastException broken(String why) {
        return Refusal.broken(name, format, why);
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
