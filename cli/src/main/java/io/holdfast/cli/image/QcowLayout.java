package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Walks through a qcow, version 1: an L1 table leads to L2 tables, and these lead to clusters, as block/qcow.c of QEMU has it.
 *
 * <pre>
 *   header  24 disk bytes   32 cluster bits   33 bits of an L2 table   40 L1
 *   L2      bit 63 compressed: bytes above, place below   else the place
 * </pre>
 */
final class QcowLayout {
    private static final int HEADER_BYTES = 48;

    private QcowLayout() {}

    static void requireWhole(ImageFile file) throws IOException {
        ByteBuffer header = file.bytes(0, HEADER_BYTES, ByteOrder.BIG_ENDIAN, "its header");
        long diskBytes = header.getLong(24);
        int clusterBits = header.get(32);
        int tableBits = header.get(33);
        if (clusterBits < 9 || clusterBits > 16 || tableBits < 6 || tableBits > 13 || diskBytes < 0) {
            throw file.broken("its header makes no sense");
        }
        int shift = clusterBits + tableBits;
        long tables = (diskBytes >>> shift) + ((diskBytes & ((1L << shift) - 1)) == 0 ? 0 : 1);
        file.table(header.getLong(40), tables, Long.BYTES, ByteOrder.BIG_ENDIAN, "its L1 table", (i, l1) -> {
            if (l1.getLong(0) == 0) {
                return;
            }
            file.table(l1.getLong(0), 1L << tableBits, Long.BYTES, ByteOrder.BIG_ENDIAN, "an L2 table", (j, l2) -> {
                long left = diskBytes - (i << shift) - (j << clusterBits);
                if (left > 0) {
                    cluster(file, clusterBits, l2.getLong(0), left);
                }
            });
        });
    }

    private static void cluster(ImageFile file, int clusterBits, long entry, long left) throws IOException {
        if (entry < 0) {
            long bytes = (entry >>> (63 - clusterBits)) & ((1L << clusterBits) - 1);
            file.require(entry & ((1L << (63 - clusterBits)) - 1), bytes, "data of it");
        } else if (entry != 0) {
            file.require(entry, Math.min(1L << clusterBits, left), "data of it");
        }
    }
}
