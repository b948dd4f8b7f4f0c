package io.holdfast.bench.peer;

import java.io.IOException;
import java.nio.file.Path;

/** The disk that a peer serves: a file, a volume. Peers that serve the same file share it. */
final class Image {
    /** Makes the file; returns it. */
    @FunctionalInterface
    interface Maker {
        Path make() throws IOException;
    }

    private final Maker maker;
    private Path path = Path.of("");
    private boolean made;
    private Shape shape = Shape.EMPTY;

    Image(Maker maker) {
        this.maker = maker;
    }

    /** Returns the file; the first call makes it. */
    Path path() throws IOException {
        if (!made) {
            path = maker.make();
            made = true;
        }
        return path;
    }

    Shape shape() {
        return shape;
    }

    void setShape(Shape now) {
        shape = now;
    }
}
