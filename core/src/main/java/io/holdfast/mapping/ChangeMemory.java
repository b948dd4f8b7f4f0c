package io.holdfast.mapping;

import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of all changes of one volume's maps, outside the heap. It hands out <em>pieces</em> of 256 bytes to 64 KiB,
 * and knows to the byte how much is in use. Thread-safe.
 *
 * <p>A {@link ChangeArea} takes larger pieces as it grows, and gives all of them back at once. So a file with one change
 * costs 256 bytes, and a million changes come back in some hundred steps.
 *
 * <p>Invariants, guarded by {@code lock}:
 *
 * <ul>
 *   <li>A slab is in {@code pool}, whole and unused; or all of its pieces have one size, and at least one is in use.
 *   <li>{@code partial[c]} has the slabs of class {@code c} with a free piece.
 *   <li>{@code bytes} counts the slabs that are in use, {@code held} also those in the pool. The pool gives nothing back
 *       before {@link #close}, so {@code held} is the greatest {@code bytes} so far.
 * </ul>
 */
public final class ChangeMemory {
    static final int SLAB_LOG2 = 16;
    public static final int SLAB_BYTES = 1 << SLAB_LOG2;
    static final int PIECE_LOG2_MIN = 8;
    private static final int CLASSES = SLAB_LOG2 - PIECE_LOG2_MIN + 1;
    private static final long ALIGNMENT = 16;

    private final Arena arena = Arena.ofShared();
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Slab> pool = new ArrayDeque<>();
    private final List<List<Slab>> partial = new ArrayList<>();
    private final AtomicLong bytes = new AtomicLong();
    private long held;

    /** Memory of one allocation, in pieces of one size or unused. */
    private static final class Slab {
        private final MemorySegment memory;
        /** Bit i: piece i is free. */
        private long[] free = {};

        private int pieceLog2 = SLAB_LOG2;
        private int used;

        Slab(MemorySegment memory) {
            this.memory = memory;
        }

        void divide(int log2) {
            pieceLog2 = log2;
            int pieces = 1 << (SLAB_LOG2 - log2);
            free = new long[(pieces + Long.SIZE - 1) / Long.SIZE];
            Arrays.fill(free, -1L);
            if (pieces < Long.SIZE) {
                free[0] = (1L << pieces) - 1;
            }
        }

        boolean isFull() {
            return used == 1 << (SLAB_LOG2 - pieceLog2);
        }

        Piece take() {
            int i = 0;
            while (free[i] == 0) {
                i++;
            }
            int bit = Long.numberOfTrailingZeros(free[i]);
            int index = i * Long.SIZE + bit;
            Piece piece = new Piece(this, index, memory.asSlice((long) index << pieceLog2, 1L << pieceLog2));
            free[i] &= ~(1L << bit);
            used++;
            return piece;
        }

        void give(int index) {
            if (((free[index / Long.SIZE] >>> index) & 1) != 0) {
                throw new IllegalStateException("memory of changes was given back twice");
            }
            free[index / Long.SIZE] |= 1L << index;
            used--;
        }
    }

    /** Memory that an area has. */
    static final class Piece {
        private final Slab slab;
        private final int index;
        private final MemorySegment memory;

        private Piece(Slab slab, int index, MemorySegment memory) {
            this.slab = slab;
            this.index = index;
            this.memory = memory;
        }

        /** Its content is not defined. */
        MemorySegment memory() {
            return memory;
        }
    }

    public ChangeMemory() {
        for (int i = 0; i < CLASSES; i++) {
            partial.add(new ArrayList<>());
        }
    }

    /** Returns how many bytes are in use: all of each slab of which a piece is. */
    public long bytes() {
        return bytes.get();
    }

    /** Returns how many bytes the operating system has given: those in use, and those in the pool. */
    public long held() {
        lock.lock();
        try {
            return held;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a piece.
     *
     * @param log2 of its bytes
     * @throws OutOfMemoryError if there is none; nothing was changed
     */
    Piece take(int log2) {
        lock.lock();
        try {
            List<Slab> ofClass = partial.get(log2 - PIECE_LOG2_MIN);
            Slab slab = ofClass.isEmpty() ? null : ofClass.getLast();
            if (slab == null) {
                slab = unused();
                slab.divide(log2);
                ofClass.add(slab);
                pool.removeLast();
                bytes.addAndGet(SLAB_BYTES);
            }
            Piece piece = slab.take();
            if (slab.isFull()) {
                ofClass.removeLast();
            }
            return piece;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the last slab of the pool, and leaves it there. */
    private Slab unused() {
        @Nullable Slab last = pool.peekLast();
        if (last != null) {
            return last;
        }
        if (Inject.fails(Point.ALLOCATE_CHANGES)) {
            throw new OutOfMemoryError("no memory for changes");
        }
        Slab made = new Slab(arena.allocate(SLAB_BYTES, ALIGNMENT));
        pool.addLast(made);
        held += SLAB_BYTES;
        return made;
    }

    /** Takes pieces back; nobody may use them any more. */
    void giveBack(Piece[] pieces, int count) {
        lock.lock();
        try {
            for (int i = 0; i < count; i++) {
                giveBack(pieces[i]);
            }
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(Piece piece) {
        Slab slab = piece.slab;
        List<Slab> ofClass = partial.get(slab.pieceLog2 - PIECE_LOG2_MIN);
        boolean wasFull = slab.isFull();
        slab.give(piece.index);
        if (slab.used == 0) {
            if (!wasFull) {
                ofClass.remove(slab);
            }
            pool.addLast(slab);
            bytes.addAndGet(-SLAB_BYTES);
        } else if (wasFull) {
            ofClass.add(slab);
        }
    }

    /** Gives all memory to the operating system. Nobody may use any of it any more. */
    public void close() {
        arena.close();
    }
}
