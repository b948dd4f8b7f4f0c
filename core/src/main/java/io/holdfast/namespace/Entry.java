package io.holdfast.namespace;

import io.holdfast.volume.FileKind;

/** What a name in a directory leads to. */
record Entry(long inode, FileKind kind) {
    static final Entry ROOT = new Entry(NamespaceKeys.ROOT, FileKind.DIRECTORY);

    boolean isDirectory() {
        return kind == FileKind.DIRECTORY;
    }
}
