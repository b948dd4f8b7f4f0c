package io.holdfast.cli.image;

import io.holdfast.cli.Cancellation;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Looks at an image before any other program does. Refuses one that leads to other files ({@link SelfContained}), and one whose
 * tables lead to what the file does not have.
 */
final class Inspection {
    private Inspection() {}

    /**
     * Fails if the image is not one whole image. Returns the files that it consists of.
     *
     * @param guard ends the inspection if the command does not end by itself
     */
    static ImageParts require(Path path, String name, ImageFormat format, Cancellation.Guard guard) throws IOException {
        ImageParts parts = new ImageParts();
        parts.add(path);
        try (ImageFile file = guard.of(ImageFile.open(path, name, format))) {
            SelfContained.require(file);
            switch (format) {
                case QCOW2 -> Qcow2Layout.requireWhole(file);
                case QCOW -> QcowLayout.requireWhole(file);
                case QED -> QedLayout.requireWhole(file);
                case VMDK -> new Vmdk(path, file, parts).require();
                case VDI -> VdiLayout.requireWhole(file);
                case VHDX -> VhdxLayout.requireWhole(file);
                case VHD -> VhdLayout.requireWhole(file);
                case PARALLELS -> ParallelsLayout.requireWhole(file);
                default -> throw new IllegalArgumentException(format.title());
            }
        }
        return parts;
    }
}
