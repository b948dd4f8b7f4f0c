package io.holdfast.cli.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Tells formats apart by their contents: by magic numbers at the begin, and the footers of those that have none there.
 */
final class ImageProbe {
    /** Bytes of the begin that are looked at. */
    static final int HEAD_BYTES = 512;
    /** Bytes of the end that are looked at. */
    static final int TAIL_BYTES = 512;

    private static final String VMDK_TEXT = "# Disk DescriptorFile";
    private static final int TAR_MARK_AT = 257;
    private static final int VHD_CHECKSUM_AT = 64;

    private ImageProbe() {}

    /** Returns the format of what begins like this. Fewer than {@link #HEAD_BYTES} are all there is. */
    static ImageFormat ofHead(ByteBuffer head) {
        if (begins(head, 0, "514649fb")) {
            return head.remaining() >= 8 && head.getInt(head.position() + 4) == 1
                    ? ImageFormat.QCOW
                    : ImageFormat.QCOW2;
        }
        if (begins(head, 0, hex("conectix")) && isVhdFooter(head)) {
            return ImageFormat.VHD;
        }
        if (begins(head, 0, "425a68") && (begins(head, 4, "314159265359") || begins(head, 4, "177245385090"))) {
            return ImageFormat.BZIP2;
        }
        return ofMagic(head);
    }

    private static ImageFormat ofMagic(ByteBuffer head) {
        if (begins(head, 0, "51454400")) {
            return ImageFormat.QED;
        } else if (begins(head, 0, hex("KDMV")) || begins(head, 0, hex("COWD")) || begins(head, 0, hex(VMDK_TEXT))) {
            return ImageFormat.VMDK;
        } else if (begins(head, 0x40, "7f10dabe")) {
            return ImageFormat.VDI;
        } else if (begins(head, 0, hex("vhdxfile"))) {
            return ImageFormat.VHDX;
        } else if (begins(head, 0, hex("WithoutFreeSpace")) || begins(head, 0, hex("WithouFreSpacExt"))) {
            return ImageFormat.PARALLELS;
        } else if (begins(head, 0, "4c554b53babe")) {
            return ImageFormat.LUKS;
        } else if (begins(head, 0, "1f8b08")) {
            return ImageFormat.GZIP;
        } else if (begins(head, 0, "fd377a585a00")) {
            return ImageFormat.XZ;
        } else if (begins(head, 0, "28b52ffd")) {
            return ImageFormat.ZSTD;
        } else if (begins(head, 0, "04224d18")) {
            return ImageFormat.LZ4;
        } else if (begins(head, 0, hex("LZIP"))) {
            return ImageFormat.LZIP;
        } else if (begins(head, 0, "894c5a4f000d0a1a0a")) {
            return ImageFormat.LZOP;
        } else if (begins(head, 0, "504b0304")) {
            return ImageFormat.ZIP;
        } else if (begins(head, 0, "377abcaf271c")) {
            return ImageFormat.SEVEN_ZIP;
        } else if (begins(head, TAR_MARK_AT, hex("ustar"))) {
            return ImageFormat.TAR;
        } else if (begins(head, 0, "3aff26ed")) {
            return ImageFormat.ANDROID_SPARSE;
        }
        return ImageFormat.RAW;
    }

    /** Returns the format of what ends like this and has no mark at its begin. */
    static ImageFormat ofTail(ByteBuffer tail) {
        if (tail.remaining() < TAIL_BYTES) {
            return ImageFormat.RAW;
        }
        if (begins(tail, 0, hex("koly")) && tail.getInt(tail.position() + 8) == TAIL_BYTES) {
            return ImageFormat.DMG;
        }
        return isVhdFooter(tail) ? ImageFormat.VHD : ImageFormat.RAW;
    }

    /** Returns whether this is the footer of a VHD, by its magic number and its checksum: a disk may end with anything. */
    static boolean isVhdFooter(ByteBuffer block) {
        if (block.remaining() < TAIL_BYTES || !begins(block, 0, hex("conectix"))) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < TAIL_BYTES; i++) {
            boolean counts = i < VHD_CHECKSUM_AT || i >= VHD_CHECKSUM_AT + 4;
            sum += counts ? block.get(block.position() + i) & 0xFF : 0;
        }
        return ~sum == block.getInt(block.position() + VHD_CHECKSUM_AT);
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static boolean begins(ByteBuffer bytes, int at, String hex) {
        byte[] magic = HexFormat.of().parseHex(hex);
        if (bytes.remaining() < at + magic.length) {
            return false;
        }
        return bytes.slice(bytes.position() + at, magic.length).equals(ByteBuffer.wrap(magic));
    }
}
