package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Walks through a qed: an L1 table leads to L2 tables of the same size, and these lead to clusters. docs/interop/qed_spec.txt of QEMU
 * describes it.
 *
 * <pre>
 *   header  4 cluster bytes   8 clusters of a table   40 L1   48 disk bytes
 *   entry   0: nothing there   1: reads as zeroes   else the place
 * </pre>
 */
final class QedLayout {
    private static final int HEADER_BYTES = 64;

    private QedLayout() {}

    static void requireWhole(ImageFile file) throws IOException {
        ByteBuffer header = file.bytes(0, HEADER_BYTES, ByteOrder.LITTLE_ENDIAN, "its header");
        long cluster = header.getInt(4);
        long tableClusters = header.getInt(8);
        long diskBytes = header.getLong(48);
        boolean sensible = cluster >= 4096 && cluster <= 64 << 20 && Long.bitCount(cluster) == 1;
        if (!sensible
                || tableClusters < 1
                || tableClusters > 16
                || Long.bitCount(tableClusters) != 1
                || diskBytes < 0) {
            throw file.broken("its header makes no sense");
        }
        long entries = cluster * tableClusters / Long.BYTES;
        file.table(header.getLong(40), entries, Long.BYTES, ByteOrder.LITTLE_ENDIAN, "its L1 table", (i, l1) -> {
            if (l1.getLong(0) == 0) {
                return;
            }
            file.table(l1.getLong(0), entries, Long.BYTES, ByteOrder.LITTLE_ENDIAN, "an L2 table", (j, l2) -> {
                long place = l2.getLong(0);
                long number = i * entries + j;
                // Compared first, since the product with what is behind the disk may be too large for a long.
                long left = number > diskBytes / cluster ? 0 : diskBytes - number * cluster;
                if (left > 0 && place != 0 && place != 1) {
                    file.require(place, Math.min(cluster, left), "data of it");
                }
            });
        });
    }
}
