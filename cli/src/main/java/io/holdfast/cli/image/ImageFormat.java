package io.holdfast.cli.image;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a file is by its contents, and what import does with it. */
enum ImageFormat {
    RAW("raw", Way.PLAIN, ""),
    QCOW2("qcow2", Way.CONVERT, "qcow2"),
    QCOW("qcow", Way.CONVERT, "qcow"),
    QED("qed", Way.CONVERT, "qed"),
    VMDK("vmdk", Way.CONVERT, "vmdk"),
    VDI("vdi", Way.CONVERT, "vdi"),
    VHDX("vhdx", Way.CONVERT, "vhdx"),
    VHD("vhd", Way.CONVERT, "vpc"),
    PARALLELS("parallels", Way.CONVERT, "parallels"),
    GZIP("gzip", Way.DECOMPRESS, "gzip -dc"),
    XZ("xz", Way.DECOMPRESS, "xz -dc"),
    ZSTD("zstd", Way.DECOMPRESS, "zstd -dc"),
    BZIP2("bzip2", Way.DECOMPRESS, "bzip2 -dc"),
    LZ4("lz4", Way.PIPE, "lz4 -dc"),
    LZIP("lzip", Way.PIPE, "lzip -dc"),
    LZOP("lzop", Way.PIPE, "lzop -dc"),
    ZIP("zip", Way.PIPE, "unzip -p"),
    SEVEN_ZIP("7z", Way.PIPE, "7z e -so"),
    TAR("tar", Way.UNPACK, "tar -xOf"),
    LUKS("luks", Way.UNLOCK, ""),
    DMG("dmg", Way.FIRST_CONVERT, "qemu-img convert -f dmg -O raw"),
    ANDROID_SPARSE("Android sparse image", Way.FIRST_CONVERT, "simg2img");

    /** What becomes of it. */
    enum Way {
        /** Its bytes are what is wanted. */
        PLAIN,
        /** QEMU's programs read it; {@code tool} is QEMU's name of the format. */
        CONVERT,
        /** Decompressed here, as a stream; {@code tool} does the same. */
        DECOMPRESS,
        /** Refused: {@code tool} writes what is inside to standard output. */
        PIPE,
        /** Refused: {@code tool}, with the file and the name of a member behind it, writes that to standard output. */
        UNPACK,
        /** Refused: {@code tool}, with the file and a new file behind it, converts it. */
        FIRST_CONVERT,
        /** Refused: only somebody with a key can read what is inside. */
        UNLOCK
    }

    /** The data of a VMDK in several files: the bytes of the disk as they are. */
    private static final Pattern VMDK_DATA = Pattern.compile("-(flat|f\\d{3,})\\.vmdk$");

    private final String title;
    private final Way way;
    private final String tool;

    ImageFormat(String title, Way way, String tool) {
        this.title = title;
        this.way = way;
        this.tool = tool;
    }

    /** Returns the format whose images have names that end like this one; empty if there is none. */
    static Optional<ImageFormat> ofName(String name) {
        if (VMDK_DATA.matcher(name).find()) {
            return Optional.empty();
        }
        String lower = name.toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(format -> format.way == Way.CONVERT && lower.endsWith("." + format.title))
                .findFirst();
    }

    /** Returns the name that people know and {@code --json} prints. */
    String title() {
        return title;
    }

    Way way() {
        return way;
    }

    String tool() {
        return tool;
    }
}
