package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Walks through a VDI of VirtualBox: one table leads to blocks, which it numbers as they lie in the file. block/vdi.c of QEMU describes it.
 *
 * <pre>
 *   header  0x4c type   0x154 table   0x158 data   0x170 disk bytes   0x178 block bytes   0x180 entries of the table
 *   entry   -1, -2: nothing there   else the block's number
 * </pre>
 */
final class VdiLayout {
    private static final int HEADER_BYTES = 0x188;
    private static final int TYPE_DIFFERENCING = 4;

    private VdiLayout() {}

    static void requireWhole(ImageFile file) throws IOException {
        ByteBuffer header = file.bytes(0, HEADER_BYTES, ByteOrder.LITTLE_ENDIAN, "its header");
        if (header.getInt(0x4c) == TYPE_DIFFERENCING) {
            throw Refusal.needsOthers(
                    file.name(),
                    "is vdi on top of another image",
                    "With VirtualBox: VBoxManage clonemedium " + Refusal.quoted(file.name())
                            + " WHOLE.vdi, and import that");
        }
        long data = Integer.toUnsignedLong(header.getInt(0x158));
        long diskBytes = header.getLong(0x170);
        long block = Integer.toUnsignedLong(header.getInt(0x178));
        long blocks = Integer.toUnsignedLong(header.getInt(0x180));
        if (block == 0 || diskBytes < 0 || blocks < diskBytes / block) {
            throw file.broken("its header makes no sense");
        }
        long table = Integer.toUnsignedLong(header.getInt(0x154));
        file.table(table, blocks, Integer.BYTES, ByteOrder.LITTLE_ENDIAN, "its table of blocks", (i, entry) -> {
            int number = entry.getInt(0);
            long left = diskBytes - i * block;
            if (left > 0 && number != -1 && number != -2) {
                file.require(data + Integer.toUnsignedLong(number) * block, Math.min(block, left), "data of it");
            }
        });
    }
}
