package io.holdfast.space;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import java.util.NavigableSet;

/**
 * The bitmaps for the allocator of a repair. In a group that is corrected, a block is allocated if the old bitmap or the
 * corrected one says so. Where the old one cannot be read, the corrected one has all that is needed.
 */
final class BothBitmaps implements Bitmaps {
    private final Bitmaps old;
    private final Layout layout;
    private final NavigableSet<Long> corrected;
    private final SpaceMap.Truth truth;

    BothBitmaps(Bitmaps old, Layout layout, NavigableSet<Long> corrected, SpaceMap.Truth truth) {
        this.old = old;
        this.layout = layout;
        this.corrected = corrected;
        this.truth = truth;
    }

    @Override
    public String name() {
        return old.name();
    }

    @Override
    public int free(long group) {
        try {
            return corrected.contains(group) ? layout.usable(group) - GroupBits.count(both(group)) : old.free(group);
        } catch (HoldfastException unreadable) {
            return 0;
        }
    }

    @Override
    public long version(long group) {
        return old.version(group);
    }

    @Override
    public long[] read(long group) throws HoldfastException {
        return corrected.contains(group) ? both(group) : old.read(group);
    }

    @Override
    public void prepare(long group) throws HoldfastException {
        old.prepare(group);
    }

    private long[] both(long group) throws HoldfastException {
        long[] bits = truth.allocated(group);
        long[] before;
        try {
            before = old.read(group);
        } catch (HoldfastException unreadable) {
            return bits;
        }
        for (int i = 0; i < bits.length; i++) {
            bits[i] |= before[i];
        }
        return bits;
    }
}
