package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Refuses images that lead to other files, before any other program reads them. An image comes from anywhere: a header may name
 * any file of this machine, or an address, as the disk below it or as the place of its data. An import as root would then copy
 * {@code /etc/shadow} for a guest to read. {@link Vmdk} does the same for VMDK, and the layouts of VDI and VHDX for these.
 */
final class SelfContained {
    private static final int QCOW2_EXTERNAL_DATA = 1 << 2;
    private static final int QED_BACKED = 1;
    private static final int LUKS = 2;

    private SelfContained() {}

    /** Fails with what the image is and the command to go on with, if it needs another file or a key. */
    static void require(ImageFile file) throws IOException {
        switch (file.format()) {
            case QCOW2 -> qcow2(file, file.bytes(0, 104, ByteOrder.BIG_ENDIAN, "its header"));
            case QCOW -> qcow(file, file.bytes(0, 48, ByteOrder.BIG_ENDIAN, "its header"));
            case QED -> {
                if ((file.bytes(0, 64, ByteOrder.LITTLE_ENDIAN, "its header").getLong(16) & QED_BACKED) != 0) {
                    throw backed(file);
                }
            }
            case VHD -> {
                if (VhdLayout.isDifferencing(file)) {
                    throw backed(file);
                }
            }
            default -> {}
        }
    }

    private static void qcow2(ImageFile file, ByteBuffer header) throws IOException {
        if (header.getLong(8) != 0) {
            throw backed(file);
        }
        encrypted(file, header.getInt(32));
        if (header.getInt(4) >= 3 && (header.getLong(72) & QCOW2_EXTERNAL_DATA) != 0) {
            throw Refusal.needsOthers(
                    file.name(),
                    "is qcow2 whose data lies in another file",
                    Refusal.flatten(file.name(), file.format()));
        }
    }

    private static void qcow(ImageFile file, ByteBuffer header) throws IOException {
        if (header.getLong(8) != 0) {
            throw backed(file);
        }
        encrypted(file, header.getInt(36));
    }

    private static void encrypted(ImageFile file, int method) throws IOException {
        if (method != 0) {
            throw Refusal.invalid(file.name() + " is " + file.format().title()
                    + ", encrypted; with its key in KEYFILE: qemu-img convert"
                    + " --object secret,id=s,file=KEYFILE --image-opts driver="
                    + file.format().tool() + ",file.filename=" + Refusal.quoted(file.name())
                    + (method == LUKS ? ",encrypt.format=luks" : ",encrypt.format=aes")
                    + ",encrypt.key-secret=s -O qcow2 OPEN.qcow2, and import that");
        }
    }

    private static IOException backed(ImageFile file) {
        return Refusal.backed(file.name(), file.format());
    }
}
