package io.holdfast.space;

import io.holdfast.format.Layout;

/**
 * What a checkpoint changes in the bitmap of one group. A block that is in both lists came into the trees and left them
 * again, and does not change.
 */
final class GroupChange {
    final long group;
    /** Blocks that came into the trees. */
    final long[] on;
    /** Blocks that left the trees. */
    final long[] off;

    GroupChange(Layout layout, long group, BlockList taken, BlockList dropped) {
        this.group = group;
        int words = Math.max(1, layout.groupBlocks() / Long.SIZE);
        on = new long[words];
        off = new long[words];
        taken.addTo(group, on);
        dropped.addTo(group, off);
    }

    /** Returns the first block that is never allocated, as an index in the group; -1 if there is none. */
    int firstOf(long[] fixed) {
        for (int i = 0; i < on.length; i++) {
            long wrong = (on[i] | off[i]) & fixed[i];
            if (wrong != 0) {
                return i * Long.SIZE + Long.numberOfTrailingZeros(wrong);
            }
        }
        return -1;
    }

    /** Leaves out the blocks that are in both lists. */
    void cancel() {
        for (int i = 0; i < on.length; i++) {
            long both = on[i] & off[i];
            on[i] ^= both;
            off[i] ^= both;
        }
    }

    boolean isEmpty() {
        return !takes() && GroupBits.count(off) == 0;
    }

    /** Returns whether blocks came into the trees. */
    boolean takes() {
        return GroupBits.count(on) > 0;
    }

    /** Returns the first block that the bitmap has in its new state already, as an index; -1 if there is none. */
    int firstDisagreement(long[] allocated) {
        for (int i = 0; i < on.length; i++) {
            long wrong = (on[i] & allocated[i]) | (off[i] & ~allocated[i]);
            if (wrong != 0) {
                return i * Long.SIZE + Long.numberOfTrailingZeros(wrong);
            }
        }
        return -1;
    }

    /** Returns the new bitmap. */
    long[] applyTo(long[] allocated) {
        long[] changed = new long[allocated.length];
        for (int i = 0; i < changed.length; i++) {
            changed[i] = allocated[i] ^ on[i] ^ off[i];
        }
        return changed;
    }
}
