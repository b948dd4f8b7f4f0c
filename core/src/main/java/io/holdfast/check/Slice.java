package io.holdfast.check;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.mapping.MapWalk;
import io.holdfast.mapping.Mapping;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a check reads of one state of the volume. It counts only if the state was there until the end. Used by one thread,
 * once.
 */
final class Slice {
    /** Says that a finding hides parts of the volume. */
    boolean incomplete;

    /** A node was met again, in the same map or another. */
    boolean tangled;

    /** Every node of the metadata tree could be read. */
    boolean itemsWhole = true;

    final Findings findings = new Findings();
    /** The nodes of maps. */
    final Set<Long> nodes = new HashSet<>();
    /** The maps that were walked to their end. */
    final List<MapCount> ended = new ArrayList<>();

    private final int max;
    private long[] blocks = new long[256];
    private long[] inodes = new long[256];
    private int size;

    /** @param max how many blocks are enough; the walk stops behind the node in which that is reached */
    Slice(int max) {
        this.max = max;
    }

    boolean isFull() {
        return size >= max;
    }

    /** Adds a block that something points to. */
    void add(long block, long inode) {
        if (size == blocks.length) {
            blocks = Arrays.copyOf(blocks, size * 2);
            inodes = Arrays.copyOf(inodes, size * 2);
        }
        blocks[size] = block;
        inodes[size++] = inode;
    }

    /** Reports a fault that hides parts of the volume. */
    void hides(String structure, long block, long inode, String message) {
        findings.add(structure, block, inode, message);
        incomplete = true;
    }

    void hides(String structure, long block, long inode, String message, Fault fault) {
        findings.add(structure, block, inode, message, fault);
        incomplete = true;
    }

    /** Takes what the slice has seen. */
    interface Visitor {
        void block(long block, long inode);
    }

    void forEach(Visitor visitor) {
        for (int i = 0; i < size; i++) {
            visitor.block(blocks[i], inodes[i]);
        }
    }

    /** Walks through a piece of a map, or of a subtree that was cut off, and counts. */
    abstract class Walk implements MapWalk.Visitor {
        final long inode;
        long blocks;
        long unwritten;
        long lost;
        boolean whole = true;

        Walk(long inode) {
            this.inode = inode;
        }

        /** Returns whether another entry has led to the node before. */
        abstract boolean isKnown(long block);

        @Override
        public boolean node(BlockPointer pointer, boolean again) {
            if (again) {
                return true;
            }
            add(pointer.block(), inode);
            boolean known = isKnown(pointer.block());
            whole &= !known;
            tangled |= known;
            findings.metadataBlocks += known ? 0 : 1;
            return !known;
        }

        @Override
        public void data(long fileBlock, Mapping mapping) throws HoldfastException {
            blocks++;
            add(mapping.block(), inode);
        }

        @Override
        public void unwritten(long fileBlock, long count) {
            unwritten += count;
        }

        @Override
        public void lost(long fileBlock, long count) {
            whole = false; // The item of the node that was lost has been reported, or is.
            incomplete = true;
            lost += count;
        }

        @Override
        public void problem(long block, HoldfastException why) {
            whole = false;
            hides("map node", block, inode, String.valueOf(why.getMessage()));
        }

        @Override
        public boolean isFull() {
            return Slice.this.isFull();
        }

        @Override
        public long room() {
            return Math.max(0, max - size);
        }
    }
}
