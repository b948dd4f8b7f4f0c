package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Walks through an image of Parallels: one table leads to clusters. docs/interop/parallels.txt of QEMU describes it.
 *
 * <pre>
 *   header  0 magic   28 sectors of a cluster   32 entries   36 disk sectors   64 table
 *   entry   0: nothing there   else the place, in sectors, or in clusters with the second magic
 * </pre>
 */
final class ParallelsLayout {
    private static final int HEADER_BYTES = 64;
    private static final int SECTOR = 512;

    private ParallelsLayout() {}

    static void requireWhole(ImageFile file) throws IOException {
        ByteBuffer header = file.bytes(0, HEADER_BYTES, ByteOrder.LITTLE_ENDIAN, "its header");
        boolean clusters = StandardCharsets.ISO_8859_1
                .decode(header.slice(0, 16))
                .toString()
                .equals("WithouFreSpacExt");
        long cluster = Integer.toUnsignedLong(header.getInt(28)) * SECTOR;
        long entries = Integer.toUnsignedLong(header.getInt(32));
        long sectors = clusters ? header.getLong(36) : Integer.toUnsignedLong(header.getInt(36));
        if (cluster == 0 || sectors < 0 || sectors > Long.MAX_VALUE / SECTOR || entries < sectors * SECTOR / cluster) {
            throw file.broken("its header makes no sense");
        }
        long unit = clusters ? cluster : SECTOR;
        file.table(HEADER_BYTES, entries, Integer.BYTES, ByteOrder.LITTLE_ENDIAN, "its table", (i, entry) -> {
            long left = sectors * SECTOR - i * cluster;
            if (left > 0 && entry.getInt(0) != 0) {
                long place = Integer.toUnsignedLong(entry.getInt(0));
                if (place > Long.MAX_VALUE / unit) {
                    throw file.broken("data of it should be far behind its end");
                }
                file.require(place * unit, Math.min(cluster, left), "data of it");
            }
        });
    }
}
