package io.holdfast.namespace;

import java.util.Arrays;

/**
 * What a check collects about inodes: a row for each number that some item mentions. The rows are primitive arrays, so
 * ten million inodes take some 900 MiB at most and not several GiB.
 *
 * <p>Invariants: rows are numbered from 0 without gaps. The hash table (open addressing, linear probing) is at most
 * half full. A slot holds row + 1; 0 means free.
 */
final class InodeTable {
    /** In {@link #kind}: the inode has a record that is malformed. */
    static final byte DAMAGED = -1;

    static final byte ORPHAN = 1;
    static final byte ORPHAN_WITH_ATTRIBUTES = 2;

    private static final int FIRST_SIZE = 64;

    /** The inode number. */
    long[] number = new long[FIRST_SIZE];
    /** For a directory: the parent that its record names; 0 without a record. */
    long[] parent = new long[FIRST_SIZE];
    /** For a directory: the number of a directory that has an entry for it; 0 if none has. */
    long[] namedIn = new long[FIRST_SIZE];

    int[] links = new int[FIRST_SIZE];
    int[] names = new int[FIRST_SIZE];
    int[] subdirectories = new int[FIRST_SIZE];
    /** The kind that the record gives; 0 without a record, {@link #DAMAGED} with a malformed one. */
    byte[] kind = new byte[FIRST_SIZE];
    /** The kind that an entry gives; 0 if there is none. */
    byte[] entryKind = new byte[FIRST_SIZE];
    /** Whether there is an orphan item: 0, {@link #ORPHAN} or {@link #ORPHAN_WITH_ATTRIBUTES}. */
    byte[] orphan = new byte[FIRST_SIZE];
    /** For the use of a pass over all rows. */
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

    /**
     * Returns the row of an inode, a new one if it has none. A new row may replace the arrays, so read them after this.
     */
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
