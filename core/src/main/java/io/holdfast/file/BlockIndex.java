package io.holdfast.file;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.jspecify.annotations.Nullable;

/**
 * A set of blocks that is added to and taken from all the time by several threads, and asked in order now and then: a
 * hash map of bitmaps, 1024 blocks each, and an ordered set of those that are not empty. So a block costs a hash lookup
 * and most of the time nothing else.
 *
 * <p>Invariants: a bitmap is only ever touched inside an atomic operation of the map on its key; one that becomes empty
 * goes, and with it its place in the order. Who asks for the next block sees every block that was there before the call
 * and was not taken out.
 */
final class BlockIndex {
    private static final int CHUNK_LOG2 = 10;
    private static final int WORDS = (1 << CHUNK_LOG2) / Long.SIZE;

    private final ConcurrentHashMap<Long, long[]> chunks = new ConcurrentHashMap<>();
    private final ConcurrentSkipListSet<Long> order = new ConcurrentSkipListSet<>();

    void add(long block) {
        add(block, 1);
    }

    void remove(long block) {
        remove(block, 1);
    }

    /** Adds {@code count} blocks from {@code first} on. */
    void add(long first, int count) {
        long end = first + count;
        for (long block = first; block < end; ) {
            long from = block;
            long to = Math.min(end, ((block >>> CHUNK_LOG2) + 1) << CHUNK_LOG2);
            chunks.compute(block >>> CHUNK_LOG2, (chunk, found) -> {
                long[] bits = found;
                if (bits == null) {
                    bits = new long[WORDS];
                    order.add(chunk);
                }
                for (long b = from; b < to; b++) {
                    bits[word(b)] |= 1L << b;
                }
                return bits;
            });
            block = to;
        }
    }

    /** Takes {@code count} blocks from {@code first} on out. */
    void remove(long first, int count) {
        long end = first + count;
        for (long block = first; block < end; ) {
            long from = block;
            long to = Math.min(end, ((block >>> CHUNK_LOG2) + 1) << CHUNK_LOG2);
            chunks.computeIfPresent(block >>> CHUNK_LOG2, (chunk, bits) -> {
                for (long b = from; b < to; b++) {
                    bits[word(b)] &= ~(1L << b);
                }
                return emptied(chunk, bits);
            });
            block = to;
        }
    }

    /** Returns the bitmap, or null, and then it is out of the order, too, if nothing is left in it. */
    private long @Nullable [] emptied(long chunk, long[] bits) {
        for (long word : bits) {
            if (word != 0) {
                return bits;
            }
        }
        order.remove(chunk);
        return null;
    }

    boolean contains(long block) {
        return next(block) == block;
    }

    boolean isEmpty() {
        return chunks.isEmpty();
    }

    /** Returns the first block from {@code from} on, {@code Long.MAX_VALUE} if there is none. */
    long next(long from) {
        for (Long chunk = order.ceiling(from >>> CHUNK_LOG2); chunk != null; chunk = order.higher(chunk)) {
            long block = nextWithin(chunk, Math.max(from, chunk << CHUNK_LOG2));
            if (block >= 0) {
                return block;
            }
        }
        return Long.MAX_VALUE;
    }

    private long nextWithin(long chunk, long from) {
        long[] found = {-1};
        chunks.computeIfPresent(chunk, (key, bits) -> {
            long first = chunk << CHUNK_LOG2;
            long mask = -1L << from;
            for (int i = word(from); i < WORDS; i++) {
                long left = bits[i] & mask;
                if (left != 0) {
                    found[0] = first + (long) i * Long.SIZE + Long.numberOfTrailingZeros(left);
                    break;
                }
                mask = -1;
            }
            return bits;
        });
        return found[0];
    }

    private static int word(long block) {
        return (int) (block & ((1 << CHUNK_LOG2) - 1)) >>> 6;
    }
}
