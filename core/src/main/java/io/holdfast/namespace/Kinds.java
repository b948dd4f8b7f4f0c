package io.holdfast.namespace;

import io.holdfast.volume.FileKind;
import org.jspecify.annotations.Nullable;

/** The numbers that stand for kinds of inodes on disk: 1 regular, 2 directory, 3 symbolic link. */
final class Kinds {
    private Kinds() {}

    static byte code(FileKind kind) {
        return switch (kind) {
            case REGULAR -> 1;
            case DIRECTORY -> 2;
            case SYMLINK -> 3;
        };
    }

    /** Returns the kind, or null if the number stands for none. */
    static @Nullable FileKind of(byte code) {
        return switch (code) {
            case 1 -> FileKind.REGULAR;
            case 2 -> FileKind.DIRECTORY;
            case 3 -> FileKind.SYMLINK;
            default -> null;
        };
    }
}
