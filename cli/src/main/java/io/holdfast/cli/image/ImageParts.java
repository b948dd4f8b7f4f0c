package io.holdfast.cli.image;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The files that an image consists of, each as it was before anything of it was read. Its names are those of real files, without
 * links.
 */
final class ImageParts {
    private final Map<Path, FileState> parts = new LinkedHashMap<>();

    /** Adds a file as it is now. */
    void add(Path path) throws IOException {
        add(path, FileState.of(path));
    }

    /** Adds a file as it was before it was opened; of one that is here already the first state counts. */
    void add(Path path, FileState state) {
        parts.putIfAbsent(path, state);
    }

    /** Returns whether one of the files was just like this. */
    boolean has(FileState state) {
        return parts.containsValue(state);
    }

    /**
     * Fails if any file has changed since it was added.
     *
     * @param name what messages call the image
     */
    void requireUnchanged(String name) throws IOException {
        for (Map.Entry<Path, FileState> part : parts.entrySet()) {
            if (!isUnchanged(part.getKey(), part.getValue())) {
                throw changed(name, part.getKey());
            }
        }
    }

    private static boolean isUnchanged(Path path, FileState before) throws IOException {
        try {
            return FileState.of(path).equals(before);
        } catch (NoSuchFileException gone) {
            return false;
        }
    }

    private static HoldfastException changed(String name, Path part) {
        return new HoldfastException(
                ErrorCode.FAILED,
                name + ": " + part + " was written to, or its name or rights changed, while it was imported;"
                        + " stop what does that, and import it again");
    }
}
