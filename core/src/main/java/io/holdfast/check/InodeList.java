package io.holdfast.check;

import java.util.Arrays;

/** Inode numbers, eight bytes each. Not thread-safe. */
final class InodeList {
    private long[] inodes = new long[64];
    private int size;

    void add(long inode) {
        if (size == inodes.length) {
            inodes = Arrays.copyOf(inodes, size * 2);
        }
        inodes[size++] = inode;
    }

    long get(int index) {
        return inodes[index];
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
    }
}
