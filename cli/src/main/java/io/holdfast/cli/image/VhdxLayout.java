package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Walks through a VHDX: a table of regions leads to the metadata, which say how large the disk and its blocks are, and to the table of
 * blocks. Microsoft's MS-VHDX describes it. If its log has changes that are not in their places, QEMU refuses it.
 *
 * <pre>
 *   at 192 KiB  "regi"   8 count        16 regions of 32 bytes: name, 16 place, 24 bytes
 *   metadata    "metadata"   10 count   32 items of 32 bytes:   name, 16 place within the region, 20 bytes
 *   table       after each 2^23 sectors of data one entry that is not of data
 *   entry       bits 0-2 state, 6: there   bits 20-63 the place in MiB
 * </pre>
 */
final class VhdxLayout {
    private static final long REGIONS_AT = 192 << 10;
    private static final int REGIONS_BYTES = 64 << 10;
    private static final int ENTRY_BYTES = 32;
    private static final int REGIONS_MAX = 2047;
    private static final int HEADER_BYTES = 16;
    private static final long MEBIBYTE = 1 << 20;
    private static final int PRESENT = 6;
    private static final int PARTLY_PRESENT = 7;

    // GUIDs as the file has them: their first three parts are little-endian.
    private static final String TABLE = "6677c22d23f600429d64115e9bfd4a08";
    private static final String METADATA = "06a27c8b90479a4bb8fe575f050f886e";
    private static final String PARAMETERS = "3767a1ca36fa434db3b633f0aa44e76b";
    private static final String DISK_BYTES = "2442a52f1bcd7648b2115dbed83bf4b8";
    private static final String SECTOR_BYTES = "1dbf41816fa90947ba47f233a8faab5f";

    private final ImageFile file;

    private VhdxLayout(ImageFile file) {
        this.file = file;
    }

    static void requireWhole(ImageFile file) throws IOException {
        new VhdxLayout(file).walk();
    }

    /** Where something lies, in bytes. */
    private record Part(long at, long length) {}

    private void walk() throws IOException {
        ByteBuffer regions = bytes(REGIONS_AT, REGIONS_BYTES, "its table of regions");
        Part table = region(regions, TABLE);
        Part metadata = region(regions, METADATA);
        ByteBuffer items = bytes(metadata.at, (int) Math.min(metadata.length, REGIONS_BYTES), "its metadata");
        if (!begins(items, "metadata")) {
            throw file.broken("its metadata make no sense");
        }
        ByteBuffer parameters = item(items, metadata, PARAMETERS, 8);
        long block = Integer.toUnsignedLong(parameters.getInt(0));
        if ((parameters.getInt(4) & 2) != 0) {
            throw Refusal.needsOthers(
                    file.name(),
                    "is vhdx on top of another image",
                    "On Windows: Convert-VHD -Path FILE -DestinationPath WHOLE.vhdx, and import that");
        }
        long diskBytes = item(items, metadata, DISK_BYTES, 8).getLong(0);
        long sector =
                Integer.toUnsignedLong(item(items, metadata, SECTOR_BYTES, 4).getInt(0));
        if (block < MEBIBYTE || block > 256 * MEBIBYTE || (sector != 512 && sector != 4096) || diskBytes < 0) {
            throw file.broken("its metadata make no sense");
        }
        blocks(table, block, (sector << 23) / block, diskBytes);
    }

    private void blocks(Part table, long block, long ratio, long diskBytes) throws IOException {
        long data = diskBytes / block + (diskBytes % block == 0 ? 0 : 1);
        long entries = data + Math.max(0, data - 1) / ratio;
        if (entries > table.length / Long.BYTES) {
            throw file.broken("its table of blocks is smaller than the disk");
        }
        file.table(table.at, entries, Long.BYTES, ByteOrder.LITTLE_ENDIAN, "its table of blocks", (i, entry) -> {
            long value = entry.getLong(0);
            long state = value & 7;
            boolean ofData = i % (ratio + 1) != ratio;
            if (ofData && (state == PRESENT || state == PARTLY_PRESENT)) {
                file.require(value & -MEBIBYTE, block, "data of it");
            }
        });
    }

    private Part region(ByteBuffer regions, String name) throws IOException {
        int count = regions.getInt(8);
        if (!begins(regions, "regi") || count < 0 || count > REGIONS_MAX) {
            throw file.broken("its table of regions makes no sense");
        }
        for (int i = 0; i < count; i++) {
            int at = HEADER_BYTES + i * ENTRY_BYTES;
            if (hex(regions, at).equals(name)) {
                Part part = new Part(regions.getLong(at + 16), Integer.toUnsignedLong(regions.getInt(at + 24)));
                file.require(part.at, part.length, "a region of it");
                return part;
            }
        }
        throw file.broken("a region of it is missing");
    }

    private ByteBuffer item(ByteBuffer items, Part metadata, String name, int length) throws IOException {
        int count = Short.toUnsignedInt(items.getShort(10));
        for (int i = 0; i < count && (i + 2) * ENTRY_BYTES <= items.limit(); i++) {
            int at = (i + 1) * ENTRY_BYTES;
            long place = Integer.toUnsignedLong(items.getInt(at + 16));
            if (hex(items, at).equals(name) && place + length <= metadata.length) {
                return bytes(metadata.at + place, length, "its metadata");
            }
        }
        throw file.broken("its metadata are not complete");
    }

    private ByteBuffer bytes(long at, int length, String what) throws IOException {
        return file.bytes(at, length, ByteOrder.LITTLE_ENDIAN, what);
    }

    private static boolean begins(ByteBuffer bytes, String mark) {
        byte[] wanted = mark.getBytes(StandardCharsets.US_ASCII);
        return bytes.limit() >= ENTRY_BYTES && bytes.slice(0, wanted.length).equals(ByteBuffer.wrap(wanted));
    }

    private static String hex(ByteBuffer bytes, int at) {
        byte[] name = new byte[16];
        bytes.get(at, name);
        return HexFormat.of().formatHex(name);
    }
}
