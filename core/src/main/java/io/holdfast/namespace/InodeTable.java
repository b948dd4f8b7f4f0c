package io.holdfast.namespace;

import java.util.Arrays;

/**
 * What a check collects about inodes: a row for each number that was mentioned, in primitive arrays, so that ten million
 * inodes take some 900 MiB at most and not several GiB.
 *
 * <p>Invariants: rows are numbered from 0 without gaps; the hash table (open addressing, linear probing) is at most half
 * full and holds row + 1, 0 meaning free.
 */
final class InodeTable {
    /** In {@link #kind}: there is a record, and it cannot be believed. */
    static final byte DAMAGED = -1;

    static final byte ORPHAN = 1;
    static final byte ORPHAN_WITH_ATTRIBUTES = 2;

    private static final int FIRST_SIZE = 64;

    /** The inode number. */
    long[] number = new long[FIRST_SIZE];
    /** For a directory: its own idea of where it is; 0 without a record. */
    long[] parent = new long[FIRST_SIZE];
    /** For a directory: number of a directory that has an entry for it; 0 if none. */
    long[] namedIn = new long[FIRST_SIZE];

    int[] links = new int[FIRST_SIZE];
    int[] names = new int[FIRST_SIZE];
    int[] subdirectories = new int[FIRST_SIZE];
    /** What the record says; 0 without a record, {@link #DAMAGED} with a malformed one. */
    byte[] kind = new byte[FIRST_SIZE];
    /** What an entry says; 0 if there is none. */
    byte[] entryKind = new byte[FIRST_SIZE];
    /** Whether there is an orphan item: 0, {@link #ORPHAN} or {@link #ORPHAN_WITH_ATTRIBUTES}. */
    byte[] orphan = new byte[FIRST_SIZE];
    /** Free for the use of a pass over all rows. */
    byte[] mark = new byte[FIRST_SIZE];

    private int[] table = new int[2 * FIRST_SIZE];
    private int size;

    int size() {
        return size;
    }

    /** Returns the row of an inode, or -1. */
    int find(long inode) {
        return table[slot(inode)] - 1;
    }

    /** Returns the row of an inode, a new one if it has none; that may replace the arrays, so take it before them. */
    int row(long inode) {
        int slot = slot(inode);
        if (table[slot] != 0) {
            return table[slot] - 1;
        }
        if (size == number.length) {
            grow();
            slot = slot(inode);
        }
        number[size] = inode;
        table[slot] = ++size;
        return size - 1;
    }

    private int slot(long inode) {
        int mask = table.length - 1;
        int at = (int) ((inode * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (table[at] != 0 && number[table[at] - 1] != inode) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void grow() {
        int rows = Math.multiplyExact(number.length, 2);
        number = Arrays.copyOf(number, rows);
        parent = Arrays.copyOf(parent, rows);
        namedIn = Arrays.copyOf(namedIn, rows);
        links = Arrays.copyOf(links, rows);
        names = Arrays.copyOf(names, rows);
        subdirectories = Arrays.copyOf(subdirectories, rows);
        kind = Arrays.copyOf(kind, rows);
        entryKind = Arrays.copyOf(entryKind, rows);
        orphan = Arrays.copyOf(orphan, rows);
        mark = Arrays.copyOf(mark, rows);
        table = new int[Math.multiplyExact(rows, 2)];
        for (int row = 0; row < size; row++) {
            table[slot(number[row])] = row + 1;
        }
    }
}
