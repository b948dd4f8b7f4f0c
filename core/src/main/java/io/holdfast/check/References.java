package io.holdfast.check;

import io.holdfast.format.Layout;
import java.lang.foreign.Arena;
import java.util.BitSet;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * The blocks that something points to: each one of the groups that {@link ExactGroups} has a unit for, and sums for the others ({@link GroupSums}). Later passes of a check
 * look at the groups for which sums were not enough, some at a time, and pass by all others. Used by the check's thread.
 */
final class References {
    private final Layout layout;
    private final ExactGroups groups;
    private final long key;
    private final Arena memory;
    private final BlockSet blocks;
    private @Nullable GroupSums sums;
    /** Groups whose sums may have some block twice that is there once. */
    private final BitSet doubtful = new BitSet();
    /** Groups of earlier passes whose blocks a repair needs. */
    private final BitSet kept = new BitSet();

    private boolean later;

    /** What a pointer is to the check. */
    enum Added {
        /** The first one to its block. */
        FIRST,
        /** Another one has led to the block. */
        AGAIN,
        /** Nobody knows yet whether another one has; it is in the sums of the group. */
        SUMMED,
        /** It does not matter in this pass. */
        PASSED_BY
    }

    References(Layout layout, ExactGroups groups, long key, Arena memory) {
        this.layout = layout;
        this.groups = groups;
        this.key = key;
        this.memory = memory;
        this.blocks = new BlockSet(layout, groups, memory);
    }

    /** Takes note of a pointer to a block that can be. */
    Added add(long block) {
        if (isKept(block)) {
            return Added.PASSED_BY;
        }
        if (blocks.holds(block)) {
            return blocks.add(block) ? Added.FIRST : Added.AGAIN;
        }
        if (later) {
            return Added.PASSED_BY;
        }
        sums().add(block);
        return Added.SUMMED;
    }

    /** Does as {@link #add} for a pointer that may have been met before. */
    Added addAgain(long block) {
        if (!later && !blocks.holds(block)) {
            doubtful.set((int) layout.groupOf(block));
            return Added.SUMMED;
        }
        return add(block);
    }

    private GroupSums sums() {
        GroupSums made = sums;
        if (made == null) {
            made = new GroupSums(layout, key, memory);
            sums = made;
        }
        return made;
    }

    private boolean isKept(long block) {
        return later && kept.get((int) layout.groupOf(block));
    }

    /** Returns whether this pass has met a pointer to a block. What it knows by sums only, it does not. */
    boolean has(long block) {
        return !isKept(block) && blocks.contains(block);
    }

    /** Returns whether no pointer to a block of a group was ever met, and no block of it has changed. */
    boolean isUntouched(long group) {
        return !groups.isDecided(group);
    }

    /** Returns whether a pointer to a block was met when the block's group was last looked at, if this {@link #knows} the group. */
    boolean hasEver(long block) {
        return blocks.contains(block);
    }

    /** Returns whether this pass knows which blocks of a group have pointers. */
    boolean isExact(long group) {
        return !isKept(layout.groupStart(group)) && groups.unit(group) > 0;
    }

    /** Returns whether the sums say that the blocks of a group whose bits are set have one pointer each, and the others none; null stands for no bits. */
    boolean sumsMatch(long group, long @Nullable [] bits) {
        return !doubtful.get((int) group) && sums().match(group, bits);
    }

    /** Returns whether the blocks of a group with pointers are known, from this pass or since they were kept. */
    boolean knows(long group) {
        return groups.unitIfAny(group) > 0;
    }

    /** Returns the bits of the 64 blocks that a block is among, the first one in the lowest bit. */
    long wordOf(long block) {
        return blocks.wordOf(block);
    }

    /** Returns how many blocks of a group have pointers, as far as {@link #knows}. */
    int count(long group) {
        return blocks.count(group);
    }

    /** Takes note of the groups of a new pass. Called with what changes kept away. */
    void nextPass(Collection<Long> nowKept, ExactGroups.Released also, Collection<Long> wanted) {
        later = true;
        kept.clear();
        nowKept.forEach(group -> kept.set((int) (long) group));
        groups.assign(nowKept, wanted, unit -> {
            blocks.clear(unit);
            also.unit(unit);
        });
    }
}
