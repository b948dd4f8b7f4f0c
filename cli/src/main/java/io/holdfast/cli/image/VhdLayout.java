package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Looks at a VHD. Its last 512 bytes are the footer, so one that was cut off shows it. A fixed one has the disk before its footer; in a
 * dynamic one a table leads to blocks, each behind a bitmap of its sectors. Microsoft's «Virtual Hard Disk Image Format
 * Specification» describes it.
 *
 * <pre>
 *   footer  16 header   48 disk bytes   60 type
 *   header  16 table    28 entries      32 block bytes
 *   entry   -1: nothing there           else the sector of the bitmap
 * </pre>
 */
final class VhdLayout {
    private static final int SECTOR = 512;
    private static final int TYPE_FIXED = 2;
    private static final int TYPE_DYNAMIC = 3;
    private static final int TYPE_DIFFERENCING = 4;
    private static final int HEADER_BYTES = 1024;

    private VhdLayout() {}

    /** Returns whether the image names another one below it. */
    static boolean isDifferencing(ImageFile file) throws IOException {
        return footer(file).getInt(60) == TYPE_DIFFERENCING;
    }

    private static ByteBuffer footer(ImageFile file) throws IOException {
        ByteBuffer footer = file.bytes(
                file.size() - ImageProbe.TAIL_BYTES, ImageProbe.TAIL_BYTES, ByteOrder.BIG_ENDIAN, "its footer");
        if (!ImageProbe.isVhdFooter(footer)) {
            throw file.broken("the footer at its end is missing");
        }
        return footer;
    }

    static void requireWhole(ImageFile file) throws IOException {
        ByteBuffer footer = footer(file);
        long diskBytes = footer.getLong(48);
        switch (footer.getInt(60)) {
            case TYPE_FIXED -> file.require(0, diskBytes + SECTOR, "the disk and its footer");
            case TYPE_DYNAMIC -> dynamic(file, footer.getLong(16), diskBytes);
            default -> throw file.broken("its footer makes no sense");
        }
    }

    private static void dynamic(ImageFile file, long at, long diskBytes) throws IOException {
        ByteBuffer header = file.bytes(at, HEADER_BYTES, ByteOrder.BIG_ENDIAN, "its second header");
        long entries = Integer.toUnsignedLong(header.getInt(28));
        long block = Integer.toUnsignedLong(header.getInt(32));
        if (block < SECTOR || diskBytes < 0 || entries < diskBytes / block) {
            throw file.broken("its header makes no sense");
        }
        long bitmap = Math.ceilDiv(block / SECTOR / Byte.SIZE, SECTOR) * SECTOR;
        file.table(
                header.getLong(16), entries, Integer.BYTES, ByteOrder.BIG_ENDIAN, "its table of blocks", (i, entry) -> {
                    long left = diskBytes - i * block;
                    if (left > 0 && entry.getInt(0) != -1) {
                        long place = Integer.toUnsignedLong(entry.getInt(0)) * SECTOR;
                        file.require(place, bitmap + Math.min(block, left), "data of it");
                    }
                });
    }
}
