package io.holdfast.space;

import org.jspecify.annotations.Nullable;

/** One search for a run of free blocks in the groups that are in memory. No run crosses a group. Used once. */
final class RunSearch {
    /** A search looks at so many groups with free blocks before it takes the longest run seen. */
    private static final int GROUPS_SEARCHED = 16;
    /**
     * And it looks at so many words with free blocks for each block of the longest run seen. If free blocks lie
     * scattered, all words have some, and a longer search would find a run that is hardly longer.
     */
    private static final int WORDS_PER_BLOCK = 16;

    private static final int WORDS_MIN = 64;
    private static final int WORDS_MAX = 1024;

    private final int wanted;
    private @Nullable LoadedGroup best;
    private int bestStart;
    private int bestLength;
    private int searched;
    /** How many words with free blocks this search has looked at. */
    private int looked;

    RunSearch(int wanted) {
        this.wanted = wanted;
    }

    /** Returns the group with the longest run that was seen, null if none was. */
    @Nullable
    LoadedGroup best() {
        return best;
    }

    int bestStart() {
        return bestStart;
    }

    int bestLength() {
        return bestLength;
    }

    /** Looks in one more group that has free blocks, from a block on; returns whether it is worth looking in another. */
    boolean goOn(LoadedGroup group, int from) {
        if (bestLength < wanted && (bestLength == 0 || (searched < GROUPS_SEARCHED && isWorthLooking()))) {
            searched++;
            search(group, from);
            return true;
        }
        return false;
    }

    private boolean isWorthLooking() {
        return looked < Math.clamp(WORDS_PER_BLOCK * (long) bestLength, WORDS_MIN, WORDS_MAX);
    }

    /** Looks in a group for the start of a run longer than the best, of up to {@code wanted} blocks. */
    private void search(LoadedGroup group, int from) {
        for (int at = from; at < group.end && bestLength < wanted && isWorthLooking(); at = (at & ~63) + 64) {
            long clear = ~group.busy[at >>> 6] & (-1L << at);
            if (clear == 0) {
                continue;
            }
            looked++;
            int base = at & ~63;
            for (long starts = startsOf(clear, bestLength + 1);
                    starts != 0 && bestLength < wanted;
                    starts = startsOf(clear, bestLength + 1)) {
                consider(group, base + Long.numberOfTrailingZeros(starts));
            }
            // The last run of the word may go on in the next one, and beyond it. Few are longer than the best, so only
            // these
            // are measured: in the common case this takes one branch.
            int last = Long.numberOfLeadingZeros(~clear);
            int more = freeFrom(group, base + 64);
            if (last + more > bestLength || more == Long.SIZE) {
                consider(group, base + 64 - last);
            }
        }
    }

    /** Returns how many blocks are free at the beginning of a word. */
    private static int freeFrom(LoadedGroup group, int block) {
        return block < group.end ? Long.numberOfTrailingZeros(group.busy[block >>> 6]) : 0;
    }

    private void consider(LoadedGroup group, int start) {
        int length = runEnd(group, start, Math.min(start + wanted, group.end)) - start;
        if (length > bestLength) {
            best = group;
            bestStart = start;
            bestLength = length;
        }
    }

    /** Returns a bit for each place where a run of {@code length} set bits begins. */
    private static long startsOf(long bits, int length) {
        if (length > 64) {
            return 0;
        }
        long starts = bits;
        for (int left = length; left > 1 && starts != 0; left -= left >>> 1) {
            starts &= starts >>> (left >>> 1);
        }
        return starts;
    }

    private static int runEnd(LoadedGroup group, int from, int to) {
        int b = from;
        while (b < to) {
            long busy = group.busy[b >>> 6] & (-1L << b);
            if (busy != 0) {
                return Math.min((b & ~63) + Long.numberOfTrailingZeros(busy), to);
            }
            b = (b & ~63) + 64;
        }
        return to;
    }
}
