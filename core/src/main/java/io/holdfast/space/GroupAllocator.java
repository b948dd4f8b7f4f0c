package io.holdfast.space;

import io.holdfast.format.Layout;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The blocks that must not be allocated now, by group: a block in use, or dead but not yet safe to reuse. It knows how
 * many blocks of each group are free; it has the bitmaps of a few groups, the <em>loaded</em> ones, and allocates from
 * them alone. So an allocation never reads the device. Not thread-safe; {@link SpaceManager} guards it.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A group whose busy blocks are not those of its last checkpoint's bitmap, the dead lists and {@code claims} stays loaded: one
 *       that has leased blocks, the place of the log's next header, or blocks that were allocated since the freeze of the
 *       last durable checkpoint.
 *   <li>{@code ready} is the sum of the free blocks of all loaded groups; {@code free} that of all groups that are not
 *       <em>closed</em>.
 *   <li>A closed group is not loaded. What comes free there is counted in {@code freeIn} alone, until the group is opened
 *       again.
 * </ul>
 *
 * <p>Memory: 8 KiB for each loaded group (with its bitmap as of the last checkpoint, see {@link Bitmaps#keep}), and some 4 bytes for each other.
 */
final class GroupAllocator {
    /** With fewer free blocks in loaded groups it is time to load another. */
    private static final int READY_MIN = 4096;
    /** The same where as many groups are loaded as may be, with few free blocks each. */
    private static final int READY_LEAST = 64;
    /** Blocks that are allocated next, and not discarded: enough for the nodes of a checkpoint, and at most a part of the volume. */
    private static final int NEXT_MAX = 4096;

    private static final int NEXT_PART = 64;
    /** Loaded groups to look at for some to drop, each time when one is loaded. */
    private static final int EVICT_LOOKS = 128;

    private Layout layout;
    private final Bitmaps bitmaps;
    private final int loadedMax;
    private final FreeCounts freeIn;
    private final TreeMap<Long, LoadedGroup> loaded = new TreeMap<>();
    private final LogClaims claims;
    /** Those of the loaded groups that have free blocks: between two checkpoints many more may be loaded. */
    private final TreeMap<Long, LoadedGroup> usable = new TreeMap<>();
    /** The loaded group that was looked at last for a group to drop. */
    private long evictCursor = -1;

    private final ClosedGroups closed = new ClosedGroups();
    private long free;
    private long ready;
    private long unloadedFree;
    private long cursor;
    private long loadCursor;
    /** The number of the freeze that allocations of now come before. */
    private long epoch = 1;

    private long frozenEpoch;
    private long durableEpoch;

    /** @param loadedMax groups that stay loaded without need */
    GroupAllocator(Layout layout, Bitmaps bitmaps, int loadedMax) {
        this.layout = layout;
        this.bitmaps = bitmaps;
        this.loadedMax = loadedMax;
        this.claims = new LogClaims(layout);
        freeIn = new FreeCounts(layout, bitmaps::free);
        free = freeIn.sum();
        unloadedFree = free;
    }

    Layout layout() {
        return layout;
    }

    /** Returns the free blocks of all groups. */
    long free() {
        return free;
    }

    int freeIn(long group) {
        return freeIn.get(group);
    }

    /** Returns how many there are of each kind. */
    GroupCounts counts() {
        return new GroupCounts(layout.groups(), loaded.size(), closed.size());
    }

    boolean isLoaded(long group) {
        return loaded.containsKey(group);
    }

    private void count(long group, int added, boolean isLoaded) {
        freeIn.add(group, added, isLoaded || closed.has(group));
        if (!isLoaded && closed.has(group)) {
            return;
        }
        free += added;
        if (isLoaded) {
            ready += added;
            markUsable(group);
        } else {
            unloadedFree += added;
        }
    }

    private void markUsable(long group) {
        LoadedGroup found = freeIn.get(group) > 0 ? loaded.get(group) : null;
        if (found == null) {
            usable.remove(group);
        } else {
            usable.putIfAbsent(group, found);
        }
    }

    // ---- loading ----

    /** Returns whether a group should be loaded before more is allocated. */
    boolean wantsMore() {
        return unloadedFree > 0 && ready < (loaded.size() < loadedMax ? readyMin() : READY_LEAST);
    }

    private int readyMin() {
        return Math.min(READY_MIN, layout.groupBlocks() / 2);
    }

    /** Returns the group to load next, -1 if none has free blocks. */
    long nextToLoad() {
        return freeIn.next(loadCursor);
    }

    /**
     * Takes the bitmap of a group.
     *
     * @param busy every block that is not free; kept
     * @return false, with nothing taken, if it does not have as many free blocks as were counted
     */
    boolean load(long group, long[] busy) {
        int freeBlocks = layout.groupBlocks() - GroupBits.count(busy);
        if (freeBlocks != freeIn.get(group)) {
            if (!Inject.off(Guard.LOADED_GROUP_HAS_DEAD) && !Inject.off(Guard.UNREADABLE_CLOSES_GROUP)) {
                return false;
            }
            count(group, freeBlocks - freeIn.get(group), false);
        }
        evict();
        unloadedFree -= freeBlocks;
        ready += freeBlocks;
        loaded.put(group, new LoadedGroup(group, busy, (int) (layout.groupEnd(group) - layout.groupStart(group))));
        freeIn.mark(group, true);
        markUsable(group);
        loadCursor = group;
        return true;
    }

    boolean isClosed(long group) {
        return closed.has(group);
    }

    boolean anyClosed() {
        return !closed.isEmpty();
    }

    /**
     * Takes a group that is not loaded out of use: its bitmap cannot be read.
     *
     * @param forGood do not try it again
     * @return false if it was closed already
     */
    boolean close(long group, boolean forGood) {
        boolean first = closed.add(group, epoch, forGood);
        if (first) {
            free -= freeIn.get(group);
            unloadedFree -= freeIn.get(group);
            freeIn.mark(group, true);
        }
        return first;
    }

    /** Leaves nothing to allocate in a group that is not loaded: its new bitmap has no free block. */
    void fill(long group) {
        if (!loaded.containsKey(group)) {
            count(group, -freeIn.get(group), false);
        }
    }

    /** Returns a closed group that it is time to try again, once; -1 if there is none. */
    long nextToRetry() {
        return closed.nextToRetry(epoch);
    }

    /** Takes a closed group into use again. */
    void reopen(long group) {
        if (closed.remove(group)) {
            free += freeIn.get(group);
            unloadedFree += freeIn.get(group);
            freeIn.mark(group, false);
        }
    }

    /**
     * Makes room for one more group: drops those that are full, and others while enough stays ready. Those that must stay
     * do so, whatever their number; the next checkpoint lets them go. Looks at a bounded number of groups each time, in
     * turn.
     */
    private void evict() {
        int surplus = loaded.size() - loadedMax + 1;
        for (int i = 0; surplus > 0 && i < EVICT_LOOKS; i++) {
            Map.Entry<Long, LoadedGroup> next = loaded.higherEntry(evictCursor);
            if (next == null) {
                next = loaded.firstEntry();
            }
            LoadedGroup group = next.getValue();
            evictCursor = group.number;
            int freeBlocks = freeIn.get(group.number);
            boolean idle = group.leased == 0 && group.lastUse <= durableEpoch;
            if (idle && (freeBlocks == 0 || ready - freeBlocks >= readyMin())) {
                unload(group);
                surplus--;
            }
        }
    }

    private void unload(LoadedGroup group) {
        int freeBlocks = freeIn.get(group.number);
        loaded.remove(group.number);
        usable.remove(group.number);
        bitmaps.forget(group.number);
        ready -= freeBlocks;
        unloadedFree += freeBlocks;
        freeIn.mark(group.number, false);
    }

    // ---- growing ----

    /**
     * Makes the counts of a larger volume. Takes time in proportion to what is added, and needs no lock: only {@link
     * #grow} changes what it reads.
     */
    FreeCounts.Larger prepare(Layout larger) {
        return freeIn.prepare(layout, larger);
    }

    /**
     * Adds the groups of a larger volume, all of them free, and the rest of a last group that was not whole. The next
     * group to load is a new one: volumes grow because the old ones are full.
     */
    void grow(FreeCounts.Larger larger) {
        long last = layout.groups() - 1;
        int oldEnd = (int) (layout.groupEnd(last) - layout.groupStart(last));
        int added = larger.layout().usable(last) - layout.usable(last);
        layout = larger.layout();
        long blocks = freeIn.grow(larger);
        free += blocks;
        unloadedFree += blocks;
        loadCursor = last + 1;
        LoadedGroup group = loaded.get(last);
        if (group != null) {
            group.extend(oldEnd, oldEnd + added);
        }
        count(last, added, group != null);
    }

    // ---- single blocks ----

    private LoadedGroup groupOf(long block) {
        LoadedGroup group = loaded.get(layout.groupOf(block));
        if (group == null) {
            throw new IllegalStateException("the group of block %d is not loaded".formatted(block));
        }
        return group;
    }

    boolean isBusy(long block) {
        LoadedGroup group = groupOf(block);
        return group.isBusy((int) (block - layout.groupStart(group.number)));
    }

    /** Allocates a block of a loaded group. */
    void setBusy(long block) {
        LoadedGroup group = groupOf(block);
        int index = (int) (block - layout.groupStart(group.number));
        if (group.isBusy(index)) {
            throw new IllegalStateException("block %d is in use already".formatted(block));
        }
        setBusy(group, index, index + 1);
    }

    private void setBusy(LoadedGroup group, int from, int to) {
        GroupBits.set(group.busy, from, to);
        group.lastUse = epoch;
        count(group.number, from - to, true);
    }

    /** Frees a block of a loaded group that was allocated and never used. */
    void setFree(long block) {
        LoadedGroup group = groupOf(block);
        int index = (int) (block - layout.groupStart(group.number));
        if (!group.isBusy(index)) {
            throw new IllegalStateException("block %d is free already".formatted(block));
        }
        group.busy[index >>> 6] &= ~(1L << index);
        count(group.number, 1, true);
    }

    /** Frees blocks of one group that no checkpoint and no reader needs any more. */
    void setFree(long number, long[] bits) {
        LoadedGroup group = loaded.get(number);
        claims.remove(number, bits);
        if (group != null) {
            for (int i = 0; i < bits.length; i++) {
                if ((group.busy[i] & bits[i]) != bits[i]) {
                    throw new IllegalStateException("a block of group %d is free already".formatted(number));
                }
                group.busy[i] &= ~bits[i];
            }
        }
        count(number, GroupBits.count(bits), group != null);
    }

    /** Only for the proof of a guard: frees a block that a checkpoint or a reader may still need. */
    void freeAtOnce(long block) {
        BlockList one = new BlockList(layout);
        one.add(block);
        one.forEachGroup(this::setFree);
    }

    // ---- the replayed log ----

    /** Does as {@link SpaceManager#claim}. The group need not be loaded. */
    boolean claim(long block) {
        long group = layout.groupOf(block);
        LoadedGroup there = loaded.get(group);
        int index = (int) (block - layout.groupStart(group));
        if (freeIn.get(group) == 0 || (there != null && there.isBusy(index)) || !claims.add(block)) {
            return false;
        }
        if (there != null) {
            GroupBits.set(there.busy, index, index + 1);
        }
        count(group, -1, there != null);
        return true;
    }

    void claimed() {
        claims.end();
    }

    /** Sets the bits of the log's blocks in a group that is being loaded. */
    void addClaimsTo(long group, long[] busy) {
        claims.addTo(group, busy);
    }

    // ---- leases and checkpoints ----

    void leased(long start, int blocks) {
        groupOf(start).leased += blocks;
    }

    /** Notes that leased blocks are in use now. */
    void used(Run run) {
        LoadedGroup group = groupOf(run.start());
        group.leased -= (int) run.length();
        group.lastUse = epoch;
        if (group.leased < 0) {
            throw new IllegalStateException("more used than was leased");
        }
    }

    /** Keeps the group of a block loaded until the next freeze is durable, too. */
    void keep(long block) {
        groupOf(block).lastUse = epoch;
    }

    void freeze() {
        frozenEpoch = epoch++;
        claims.freeze();
    }

    void durable() {
        durableEpoch = frozenEpoch;
        claims.durable();
    }

    // ---- discarding ----

    /**
     * Takes runs of free blocks of a loaded group, in order; but not those that are allocated next.
     *
     * @param from index of the block to begin at
     * @param shortest shorter runs stay free, but for what is left of one that {@code most} has cut
     * @param most blocks to take at most
     * @param runsMax runs to take at most
     * @return the index to go on from; the end of the group if there is no more
     */
    int takeRuns(long number, int from, int shortest, long most, int runsMax, List<Run> taken) {
        LoadedGroup group = groupOf(layout.groupStart(number));
        long start = layout.groupStart(number);
        int least = Math.max(1, shortest);
        long left = most;
        int at = from;
        while (at < group.end) {
            at = behindNext(start, at);
            int first = GroupBits.next(group.busy, Math.min(at, group.end), group.end, false);
            int end = GroupBits.next(group.busy, first, group.end, true);
            if (start + first < cursor) {
                end = (int) Math.min(end, cursor - start);
            }
            at = end;
            if (end - first < least) {
                continue;
            }
            if (left < least || taken.size() == runsMax) {
                return first;
            }
            int length = (int) Math.min(end - first, left);
            if (!Inject.off(Guard.DISCARDED_IS_LEASED)) {
                // Not noted as a use: afterwards the group is as it was.
                GroupBits.set(group.busy, first, first + length);
                count(number, -length, true);
            }
            group.leased += length;
            taken.add(new Run(start + first, start + first + length));
            left -= length;
            at = first + length;
        }
        return group.end;
    }

    /** Returns the index itself, or the one behind the blocks that are allocated next if it is within them. */
    private int behindNext(long groupStart, int index) {
        long block = groupStart + index;
        long end = cursor + Math.min(NEXT_MAX, layout.blocks() / NEXT_PART);
        return (int) (block >= cursor && block < end ? end - groupStart : index);
    }

    /** Frees a run that {@link #takeRuns} has taken. */
    void giveBack(Run run) {
        LoadedGroup group = groupOf(run.start());
        int from = (int) (run.start() - layout.groupStart(group.number));
        int to = from + (int) run.length();
        group.leased -= (int) run.length();
        if (!Inject.off(Guard.DISCARDED_IS_LEASED)) {
            GroupBits.clear(group.busy, from, to);
            count(group.number, to - from, true);
        }
    }

    // ---- allocation ----

    /**
     * Finds and takes a run of free blocks in a loaded group: one of {@code wanted} blocks if there is one nearby, else
     * the longest one nearby. No run crosses a group.
     *
     * @return null if no loaded group has a free block
     */
    @Nullable
    Run take(int wanted) {
        if (ready == 0) {
            return null;
        }
        RunSearch search = new RunSearch(wanted);
        long first = layout.groupOf(cursor);
        for (LoadedGroup group : usable.tailMap(first, true).values()) {
            int from = group.number == first ? (int) (cursor - layout.groupStart(first)) : 0;
            if (!search.goOn(group, from)) {
                break;
            }
        }
        for (LoadedGroup group : usable.headMap(first, true).values()) {
            if (!search.goOn(group, 0)) {
                break;
            }
        }
        LoadedGroup group = search.best();
        if (group == null) {
            throw new IllegalStateException("%d blocks are ready and none was found".formatted(ready));
        }
        int from = search.bestStart();
        int length = search.bestLength();
        setBusy(group, from, from + length);
        long start = layout.groupStart(group.number) + from;
        cursor = (start + length) % layout.blocks();
        return new Run(start, start + length);
    }

    /** Returns whether a loaded group has free blocks that is not the group of a block. */
    boolean hasAnother(long block) {
        return usable.size() > (usable.containsKey(layout.groupOf(block)) ? 1 : 0);
    }

    /** Returns whether a group could be loaded that has free blocks. */
    boolean canLoad() {
        return nextToLoad() >= 0;
    }

    /** Takes a block of a loaded group far from another one; null if none is free. */
    @Nullable
    Run takeApart(long from) {
        long own = layout.groupOf(from);
        Map.Entry<Long, LoadedGroup> other = usable.higherEntry(own);
        if (other == null) {
            other = usable.lowerEntry(own);
        }
        LoadedGroup group = other == null ? usable.get(own) : other.getValue();
        if (group == null) {
            return null;
        }
        boolean fromEnd = group.number == own && from - layout.groupStart(own) < group.end / 2;
        int index = fromEnd ? GroupBits.lastClear(group.busy, group.end) : GroupBits.firstClear(group.busy);
        setBusy(group, index, index + 1);
        long block = layout.groupStart(group.number) + index;
        return new Run(block, block + 1);
    }

    /** Takes what is free of a run in a loaded group, from its beginning on; null if nothing is. */
    @Nullable
    Run takeAt(Run wanted) {
        LoadedGroup group = groupOf(wanted.start());
        int from = (int) (wanted.start() - layout.groupStart(group.number));
        int end = (int) Math.min(wanted.end() - layout.groupStart(group.number), group.end);
        int to = from;
        while (to < end && !group.isBusy(to)) {
            to++;
        }
        if (to == from) {
            return null;
        }
        setBusy(group, from, to);
        return new Run(wanted.start(), wanted.start() + to - from);
    }
}
