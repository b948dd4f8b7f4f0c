package io.holdfast.metadata;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.error.DamagePolicy;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.LogEntry;
import io.holdfast.format.TreeRoot;
import io.holdfast.log.WriteLog;
import io.holdfast.node.NodeReader;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpacePurpose;
import io.holdfast.space.SpaceReserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The items of a volume. As with a file's block map, a lookup asks the active changes first, then the frozen ones, then
 * the tree of the last checkpoint.
 *
 * <p>Invariant: changes are applied under the log's lock, in log order, with the log's gate held. No thread reads the
 * device under this class's lock. Changes lie on the heap until a checkpoint has them: {@code activeBytes} and {@code
 * frozenBytes} say how much of it they take, some 160 bytes for each beside its key and value.
 */
public final class ItemStore implements MetadataStore {
    /**
     * Nodes reserved for one changed item. If every level splits, one put writes 2 × height + 1 nodes, and the copy of the root; a batch
     * writes fewer for each, see {@link BTree#nodesBound}.
     */
    private static final int NODES_PER_CHANGE = 10;

    /** So many changes since the last checkpoint are a reason for the next. */
    private static final int ACTIVE_MAX = 32768;
    /** So many bytes of them are a reason, too. */
    private static final long ACTIVE_BYTES_MAX = 6L << 20;
    /** With so many bytes, frozen ones included, nobody begins a change of names or attributes before a checkpoint ends. */
    public static final long BYTES_MAX = 16L << 20;
    /** An item, its two arrays, and its place in the map of changes. */
    private static final int CHANGE_BYTES = 160;

    private final NodeReader reader;
    private final SpaceManager space;
    private final SpaceReserver reserver;
    private final ReaderEpochs readers;
    private final DamagePolicy policy;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private NavigableMap<byte[], Item> active = newMap();
    private NavigableMap<byte[], Item> frozen = newMap();
    private long activeBytes;
    private long frozenBytes;
    private TreeRoot root;
    private long inodesBelow;
    private @Nullable WriteLog log;

    public ItemStore(
            NodeReader reader,
            SpaceManager space,
            SpaceReserver reserver,
            ReaderEpochs readers,
            TreeRoot root,
            long inodesBelow,
            DamagePolicy policy) {
        this.policy = policy;
        this.reader = reader;
        this.space = space;
        this.reserver = reserver;
        this.readers = readers;
        this.root = root;
        this.inodesBelow = inodesBelow;
    }

    /** Connects the log; until then the store takes no commits. */
    public void setLog(WriteLog newLog) {
        log = newLog;
    }

    private static NavigableMap<byte[], Item> newMap() {
        return new TreeMap<>(Arrays::compareUnsigned);
    }

    @Override
    public byte @Nullable [] get(byte[] key) throws HoldfastException {
        int ticket = readers.enter();
        try {
            TreeRoot tree;
            long mark;
            lock.readLock().lock();
            try {
                Item change = active.get(key);
                if (change == null) {
                    change = frozen.get(key);
                }
                if (change != null) {
                    return change.value();
                }
                tree = root;
                mark = inodesBelow;
            } finally {
                lock.readLock().unlock();
            }
            return BTree.get(reader, tree, key, InodeMark.end(mark));
        } finally {
            readers.leave(ticket);
        }
    }

    @Override
    public List<Item> scan(byte[] from, byte[] to, int limit) throws HoldfastException {
        return scan(from, to, limit, policy);
    }

    @Override
    public List<Item> scanKnown(byte[] from, byte[] to, int limit) throws HoldfastException {
        return scan(from, to, limit, BTree.PAST_LOST_KEYS);
    }

    private List<Item> scan(byte[] from, byte[] to, int limit, DamagePolicy past) throws HoldfastException {
        List<Item> found = new ArrayList<>();
        byte[] start = from;
        int ticket = readers.enter();
        try {
            while (found.size() < limit && start != null && Arrays.compareUnsigned(start, to) < 0) {
                start = scanPiece(start, to, limit, past, found);
            }
        } finally {
            readers.leave(ticket);
        }
        return found;
    }

    /**
     * Merges the next piece: as many changes as the limit allows, and the tree's items up to the last of them.
     *
     * @return where the next piece starts, null at the end
     */
    private byte @Nullable [] scanPiece(byte[] from, byte[] to, int limit, DamagePolicy past, List<Item> found)
            throws HoldfastException {
        NavigableMap<byte[], Item> changes = newMap();
        byte @Nullable [] end = null;
        TreeRoot tree;
        long mark;
        lock.readLock().lock();
        try {
            end = collect(frozen.subMap(from, true, to, false), limit, changes, end);
            end = collect(active.subMap(from, true, to, false), limit, changes, end);
            tree = root;
            mark = inodesBelow;
        } finally {
            lock.readLock().unlock();
        }
        byte[] stop = end == null ? to : end;
        BTreeCursor cursor = BTree.cursor(reader, tree, from, stop, InodeMark.end(mark), past);
        Item below = cursor.next();
        for (Item change : changes.values()) {
            if (Arrays.compareUnsigned(change.key(), stop) >= 0) {
                break;
            }
            while (below != null && Arrays.compareUnsigned(below.key(), change.key()) < 0) {
                if (found.size() == limit) {
                    return null;
                }
                found.add(below);
                below = cursor.next();
            }
            if (below != null && Arrays.equals(below.key(), change.key())) {
                below = cursor.next();
            }
            if (change.value() != null) {
                if (found.size() == limit) {
                    return null;
                }
                found.add(change);
            }
        }
        while (below != null && Arrays.compareUnsigned(below.key(), stop) < 0) {
            if (found.size() == limit) {
                return null;
            }
            found.add(below);
            below = cursor.next();
        }
        return end;
    }

    /** Copies up to {@code limit} changes; returns the key before which the piece must end, null for no bound. */
    private static byte @Nullable [] collect(
            NavigableMap<byte[], Item> range, int limit, NavigableMap<byte[], Item> into, byte @Nullable [] end) {
        int n = 0;
        for (Item change : range.values()) {
            if (n++ == limit) {
                return end == null || Arrays.compareUnsigned(change.key(), end) < 0 ? change.key() : end;
            }
            into.put(change.key(), change);
        }
        return end;
    }

    @Override
    public void commit(List<Item> changes, boolean freesSpace) throws HoldfastException {
        WriteLog to = log;
        if (to == null) {
            throw new IllegalStateException("no log is connected");
        }
        long bytes = 0;
        List<LogEntry> entries = new ArrayList<>(changes.size());
        for (Item change : changes) {
            LogEntry entry = new LogEntry.ItemChange(change);
            bytes += entry.encodedBytes();
            entries.add(entry);
        }
        if (bytes > COMMIT_BYTES_MAX) {
            throw new IllegalArgumentException("a commit of %d bytes".formatted(bytes));
        }
        long nodes = 0;
        for (Item change : changes) {
            nodes += nodes(change);
        }
        SpacePurpose purpose = freesSpace ? SpacePurpose.RELEASE : SpacePurpose.WRITE;
        // Given back once the changes are applied: by then they have settled their own cost.
        try (Reservation _ = reserver.reserveForItems(nodes, purpose)) {
            to.submit(entries, freesSpace);
        }
    }

    @Override
    public long inodesBelow() {
        lock.readLock().lock();
        try {
            return inodesBelow;
        } finally {
            lock.readLock().unlock();
        }
    }

    private static long nodes(Item change) {
        return NODES_PER_CHANGE + LogEntry.ItemChange.bytes(change) / 1024L;
    }

    /** Applies one change; called in log order. */
    public void apply(Item change) {
        lock.writeLock().lock();
        try {
            Item before = active.put(change.key(), change);
            activeBytes += bytes(change);
            if (before == null) {
                space.settle(Reservation.NONE, 0, nodes(change), 0);
            } else {
                activeBytes -= bytes(before);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private static long bytes(Item change) {
        byte[] value = change.value();
        return (long) CHANGE_BYTES + change.key().length + (value == null ? 0 : value.length);
    }

    /** Returns whether the changes so far are a reason for a checkpoint. */
    public boolean wantsCheckpoint() {
        lock.readLock().lock();
        try {
            return active.size() > ACTIVE_MAX || activeBytes > ACTIVE_BYTES_MAX;
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Returns whether the heap has room for more changes. */
    public boolean hasRoom() {
        return bytes() <= BYTES_MAX;
    }

    /** Returns how much of the heap the changes take, active and frozen ones together. */
    public long bytes() {
        lock.readLock().lock();
        try {
            return activeBytes + frozenBytes;
        } finally {
            lock.readLock().unlock();
        }
    }

    // ---- checkpoint ----

    /** Sets the changes so far aside and returns them; they do not change until {@link #commitRoot}. */
    public NavigableMap<byte[], Item> freeze() {
        lock.writeLock().lock();
        try {
            if (!frozen.isEmpty()) {
                throw new IllegalStateException("the last checkpoint has not ended");
            }
            frozen = active;
            frozenBytes = activeBytes;
            active = newMap();
            activeBytes = 0;
            return frozen;
        } finally {
            lock.writeLock().unlock();
        }
    }

    public TreeRoot root() {
        lock.readLock().lock();
        try {
            return root;
        } finally {
            lock.readLock().unlock();
        }
    }

    /** The checkpoint is durable: the tree at {@code newRoot} holds the frozen changes. */
    public void commitRoot(TreeRoot newRoot, long newInodesBelow) {
        lock.writeLock().lock();
        try {
            root = newRoot;
            inodesBelow = newInodesBelow;
            frozen = newMap();
            frozenBytes = 0;
        } finally {
            lock.writeLock().unlock();
        }
    }
}
