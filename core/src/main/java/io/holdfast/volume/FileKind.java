package io.holdfast.volume;

/** What a name leads to. */
public enum FileKind {
    REGULAR,
    DIRECTORY,
    SYMLINK
}
