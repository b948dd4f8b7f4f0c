package io.holdfast.cli.image;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;

/** Errors that say why an image is not imported, and with which command it can be. */
final class Refusal {
    private static final String INSIST = "; to take its bytes as they are, use --format raw";

    private Refusal() {}

    /** Says that the file has this format and import does not take it from there. */
    static HoldfastException of(String name, ImageFormat format) {
        String file = quoted(name);
        String what = name + " is " + format.title();
        return switch (format.way()) {
            case PLAIN -> throw new IllegalArgumentException(name);
            case CONVERT ->
                invalid(what + ", which cannot be read from a pipe: it has no order; put it into a file, and import"
                        + " that" + INSIST);
            case DECOMPRESS, PIPE ->
                invalid(what + ": " + format.tool() + " " + file + " | holdfast import - VOLUME PATH" + INSIST);
            case UNPACK ->
                invalid(what + ", an archive: " + format.tool() + " " + file + " MEMBER | holdfast import - VOLUME PATH"
                        + INSIST);
            case FIRST_CONVERT ->
                invalid(what + ": " + format.tool() + " " + file + " NEW.raw, and import that" + INSIST);
            case UNLOCK ->
                invalid(what + ", encrypted; for what is inside: cryptsetup open " + file
                        + " NAME, and import /dev/mapper/NAME; to keep it encrypted, use --format raw");
        };
    }

    /** Says that more memory is needed to decompress the file than import takes for that. */
    static HoldfastException needsMemory(String name, ImageFormat format) {
        String more = format == ImageFormat.ZSTD ? " --long=31 " : " ";
        return invalid(name + " is " + format.title() + ", and needs more memory to be decompressed than import takes: "
                + format.tool() + more + quoted(name) + " | holdfast import - VOLUME PATH");
    }

    /** Says that the image within a compressed file must be taken out first. */
    static HoldfastException inside(String name, ImageFormat outer, ImageFormat inner) {
        String file = quoted(name);
        if (inner.way() == ImageFormat.Way.DECOMPRESS) {
            return invalid(name + " is " + inner.title() + " within " + outer.title() + ": " + outer.tool() + " " + file
                    + " | holdfast import - VOLUME PATH");
        }
        if (inner.way() == ImageFormat.Way.UNPACK) {
            return invalid(name + " is " + inner.title() + " within " + outer.title() + ", an archive: " + inner.tool()
                    + " " + file + " MEMBER | holdfast import - VOLUME PATH");
        }
        return invalid(name + " is " + inner.title() + " within " + outer.title() + ": " + outer.tool() + " " + file
                + " > IMAGE, and import IMAGE; to take the bytes of the " + inner.title() + " as they are: "
                + outer.tool() + " " + file + " | holdfast import - VOLUME PATH --format raw");
    }

    /** Says that the image needs other files, which import never opens on the word of an image. */
    static HoldfastException needsOthers(String name, String which, String instead) {
        return invalid(name + " " + which + "; import opens no file that an image names. " + instead);
    }

    /** Says that the file has a name for images of this format, and is none. */
    static HoldfastException isNone(String name, ImageFormat format) {
        return invalid(name + ": its name says " + format.title()
                + ", and nothing in it does: it was cut off, is damaged, or is something else" + INSIST);
    }

    /** Says that the image lies on top of another one. */
    static HoldfastException backed(String name, ImageFormat format) {
        return needsOthers(
                name, "is " + format.title() + " on top of another image, its backing file", flatten(name, format));
    }

    /** Says how QEMU makes one image of all that it finds. */
    static String flatten(String name, ImageFormat format) {
        return "If you trust it: qemu-img convert -f " + format.tool() + " -O qcow2 " + quoted(name)
                + " WHOLE.qcow2, and import that";
    }

    /** Says that the image is not whole. */
    static HoldfastException broken(String name, ImageFormat format, String why) {
        return new HoldfastException(
                ErrorCode.FAILED, name + " is " + format.title() + ", and damaged or cut off: " + why + INSIST);
    }

    static HoldfastException invalid(String message) {
        return new HoldfastException(ErrorCode.INVALID, message);
    }

    /** Returns a name as a shell takes it. Standard input is in no place, so it gets a word to be filled in. */
    static String quoted(String name) {
        if (name.equals("standard input")) {
            return "FILE";
        }
        return name.matches("[A-Za-z0-9_./+:@%-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }
}
