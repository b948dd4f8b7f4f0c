package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.node.NodeReader;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpaceManager;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The block map of one file: the tree of the last durable checkpoint, the frozen changes that the running checkpoint
 * applies to it, and the active ones. A lookup asks them from the newest to the oldest. Thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>{@code generation} grows with every change that can change a lookup's answer.
 *   <li>No thread reads the device under the lock: a lookup takes the root under the lock and reads the tree without.
 *       That root's nodes do not change while the caller is registered as a reader (see {@link
 *       io.holdfast.space.ReaderEpochs}).
 *   <li>Only the checkpoint's thread reads frozen changes without the lock, and that thread releases their memory,
 *       once no lookup can find them.
 *   <li>Changes come in the order of the log, and only with the log's gate held, so that a checkpoint splits maps,
 *       items and log at the same place.
 * </ul>
 */
public final class BlockMap {
    private final NodeReader reader;
    private final NodeReader inMemory;
    private final SpaceManager space;
    private final ChangeMemory memory;
    private final ReentrantLock lock = new ReentrantLock();
    private MapRoot committed;
    private DeltaMap active;
    private @Nullable DeltaMap frozen;
    private volatile long generation;

    public BlockMap(NodeReader reader, SpaceManager space, ChangeMemory memory, MapRoot committed) {
        this.reader = reader;
        this.inMemory = reader.inMemory();
        this.space = space;
        this.memory = memory;
        this.committed = committed;
        this.active = new DeltaMap(committed.levels(), memory);
    }

    /**
     * Returns the present mapping of a block. The caller must be registered as a reader.
     *
     * @throws UnreadableRangeException if a node on the way cannot be read; so do all lookups
     */
    public Mapping lookup(long block) throws HoldfastException {
        return lookup(block, reader);
    }

    /** Does as {@link #lookup}, but throws {@code WOULD_BLOCK} where the device would have to be read. */
    public Mapping lookupInMemory(long block) throws HoldfastException {
        return lookup(block, inMemory);
    }

    private Mapping lookup(long block, NodeReader nodes) throws HoldfastException {
        MapRoot root;
        long cookie;
        lock.lock();
        try {
            cookie = generation;
            long word = active.word(block);
            if (word != -1) {
                return new Mapping(word, MapEntry.isData(word) ? active.checksum(block) : 0, cookie);
            }
            DeltaMap below = frozen;
            if (active.dropped()) {
                return new Mapping(0, 0, cookie);
            }
            if (below != null) {
                word = below.word(block);
                if (word != -1) {
                    return new Mapping(word, MapEntry.isData(word) ? below.checksum(block) : 0, cookie);
                }
                if (below.dropped()) {
                    return new Mapping(0, 0, cookie);
                }
            }
            root = committed;
        } finally {
            lock.unlock();
        }
        long[] entry = new long[2];
        try {
            MapTree.lookup(nodes, root, block, (word, checksum) -> {
                entry[0] = word;
                entry[1] = checksum;
            });
        } catch (UnreadableRangeException e) {
            throw limited(e);
        }
        return new Mapping(entry[0], entry[1], cookie);
    }

    /**
     * Returns whether a mapping still holds: nothing has changed since, or at least not this block (guard {@code
     * CURRENT_AFTER_READ}).
     */
    public boolean isCurrent(long block, Mapping mapping) throws HoldfastException {
        if (isUnchangedSince(mapping.cookie())) {
            return true;
        }
        Mapping now = lookup(block);
        return now.word() == mapping.word() && now.checksum() == mapping.checksum();
    }

    private boolean isUnchangedSince(long cookie) {
        return generation == cookie || Inject.off(Guard.CURRENT_AFTER_READ);
    }

    /** Does as {@link #lookupInMemory(long)} for {@code count} blocks from {@code first} on, all at one moment. */
    public MappingRun lookupInMemory(long first, int count) throws HoldfastException {
        return lookup(first, count, inMemory);
    }

    /** Does as {@link #lookup(long)} for {@code count} blocks from {@code first} on, all at one moment. */
    public MappingRun lookup(long first, int count) throws HoldfastException {
        return lookup(first, count, reader);
    }

    private MappingRun lookup(long first, int count, NodeReader nodes) throws HoldfastException {
        MappingRun run = new MappingRun(count);
        MapRoot root;
        lock.lock();
        try {
            run.setCookie(generation);
            active.tell(first, run);
            DeltaMap below = frozen;
            if (!active.dropped() && below != null) {
                below.tell(first, run);
            }
            if (active.dropped() || (below != null && below.dropped())) {
                run.fillHoles();
            }
            root = committed;
        } finally {
            lock.unlock();
        }
        try {
            MapTree.tell(nodes, root, first, run);
        } catch (UnreadableRangeException e) {
            throw limited(e);
        }
        return run;
    }

    /** Returns the error without blocks that the changes tell of. */
    private UnreadableRangeException limited(UnreadableRangeException e) {
        long count = e.count();
        lock.lock();
        try {
            count = Math.min(count, active.run(e.first()).length());
            DeltaMap below = frozen;
            if (below != null) {
                count = Math.min(count, below.run(e.first()).length());
            }
        } finally {
            lock.unlock();
        }
        return e.ofBlocks(Math.max(count, 1));
    }

    /** Returns whether all mappings still hold; throws {@code WOULD_BLOCK} where the device would have to be read. */
    public boolean isCurrentInMemory(long first, MappingRun run) throws HoldfastException {
        return isUnchanged(run) || lookupInMemory(first, run.count()).saysAs(run);
    }

    /** Returns whether nothing at all has changed since the mappings were looked up. */
    public boolean isUnchanged(MappingRun run) {
        return isUnchangedSince(run.cookie());
    }

    /**
     * Returns the state of a block, and for how many blocks from it on this holds at least. Data comes as its state
     * alone. The caller must be registered as a reader.
     */
    public MapExtent run(long block) throws HoldfastException {
        MapRoot root;
        long limit;
        lock.lock();
        try {
            MapExtent run = active.run(block);
            if (run.word() != -1) {
                return run;
            }
            limit = run.length();
            if (active.dropped()) {
                return new MapExtent(0, limit);
            }
            DeltaMap below = frozen;
            if (below != null) {
                run = below.run(block);
                limit = Math.min(limit, run.length());
                if (run.word() != -1) {
                    return new MapExtent(run.word(), limit);
                }
                if (below.dropped()) {
                    return new MapExtent(0, limit);
                }
            }
            root = committed;
        } finally {
            lock.unlock();
        }
        try {
            MapExtent run = MapTree.run(reader, root, block);
            return new MapExtent(run.word(), Math.min(limit, run.length()));
        } catch (UnreadableRangeException e) {
            throw limited(e);
        }
    }

    /** Returns how many nodes a checkpoint may have to write for a change of a block. */
    public int nodesFor(long block) {
        lock.lock();
        try {
            return Math.max(committed.levels(), DeltaMap.levelsFor(block));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Maps a block to data that is on the device.
     *
     * @param reserved has the reservation for the nodes of this change
     * @param nodes how many blocks that is; they are exchanged for the real cost of the change
     */
    public void put(long block, long word, long checksum, Reservation reserved, long nodes) {
        lock.lock();
        try {
            long nodesBefore = active.nodes();
            long unwritten = active.unwritten();
            active.put(block, word, checksum, space::release);
            touched();
            account(nodesBefore, unwritten, reserved, nodes);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Maps a run of blocks to data that lies side by side on the device.
     *
     * @param state written, with or without checksums
     * @param at place on the device of block {@code first}
     * @param checksums of the blocks, from index {@code from} on
     * @param reserved as in {@link #put}
     * @param nodes as in {@link #put}, of each block
     */
    public void putRun(
            long first, int count, int state, long at, long[] checksums, int from, Reservation reserved, long nodes) {
        lock.lock();
        try {
            long nodesBefore = active.nodes();
            long unwritten = active.unwritten();
            active.putRun(first, count, MapEntry.word(state, at), checksums, from, space::release);
            touched();
            account(nodesBefore, unwritten, reserved, count * nodes);
        } finally {
            lock.unlock();
        }
    }

    /** Makes a range hole or unwritten. */
    public void putRange(long first, long count, int state) {
        lock.lock();
        try {
            long nodes = active.nodes();
            long unwritten = active.unwritten();
            active.putRange(first, count, state, space::release);
            touched();
            account(nodes, unwritten, Reservation.NONE, 0);
        } finally {
            lock.unlock();
        }
    }

    /** Makes everything a hole, since the file is gone; the next checkpoint frees its tree. */
    public void drop() {
        lock.lock();
        try {
            long nodes = active.nodes();
            long unwritten = active.unwritten();
            active.drop(space::release);
            touched();
            account(nodes, unwritten, Reservation.NONE, 0);
        } finally {
            lock.unlock();
        }
    }

    /** Called under the lock only, so no two threads count at once. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void touched() {
        generation++;
    }

    private void account(long nodes, long unwritten, Reservation reserved, long blocks) {
        space.settle(reserved, blocks, active.nodes() - nodes, active.unwritten() - unwritten);
    }

    // ---- checkpoint ----

    /** Sets the changes so far aside for the checkpoint that begins; returns false if there are none. */
    public boolean freeze() {
        lock.lock();
        try {
            if (frozen != null) {
                throw new IllegalStateException("the last checkpoint has not ended");
            }
            if (active.isEmpty()) {
                return false;
            }
            frozen = active;
            active = new DeltaMap(frozen.dropped() ? 1 : committed.levels(), memory);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the changes that {@link #freeze} set aside. They do not change any more. */
    public DeltaMap frozen() {
        lock.lock();
        try {
            DeltaMap delta = frozen;
            if (delta == null) {
                throw new IllegalStateException("nothing is frozen");
            }
            return delta;
        } finally {
            lock.unlock();
        }
    }

    public MapRoot committed() {
        lock.lock();
        try {
            return committed;
        } finally {
            lock.unlock();
        }
    }

    /** The checkpoint is durable: {@code root} holds the frozen changes. */
    public void commit(MapRoot root) {
        DeltaMap applied;
        lock.lock();
        try {
            applied = frozen;
            frozen = null;
            committed = root;
        } finally {
            lock.unlock();
        }
        if (applied != null) {
            applied.release();
        }
    }

    /** Returns whether there is nothing but the committed tree. */
    public boolean isClean() {
        lock.lock();
        try {
            return frozen == null && active.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Returns an upper bound of the data blocks in the committed tree and the changes. */
    public long dataBlocksAtMost() {
        lock.lock();
        try {
            DeltaMap below = frozen;
            return active.dropped()
                    ? 0
                    : committed.dataBlocks() + (below == null ? 0 : below.dataBlocks()) + active.dataBlocks();
        } finally {
            lock.unlock();
        }
    }
}
