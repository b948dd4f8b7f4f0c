package io.holdfast.mapping;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.node.NodeReader;
import io.holdfast.space.SpaceManager;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The block maps that are in use or have changes that no checkpoint holds yet.
 *
 * <p>Invariant: there is one {@link BlockMap} for an inode, and it stays while it is used or not clean. So for an inode
 * without an entry here the map item is the whole truth. A thread does not hold the lock while it reads that item,
 * because the log waits for the lock.
 */
public final class MapRegistry {
    private final NodeReader reader;
    private final SpaceManager space;
    private final ChangeMemory memory;
    private final MetadataStore items;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition loaded = lock.newCondition();
    private final Map<Long, Entry> maps = new HashMap<>();

    /** A map, or the promise of one: {@code map} is null while a thread reads its root. */
    private static final class Entry {
        @Nullable
        BlockMap map;

        int users;
    }

    public MapRegistry(NodeReader reader, SpaceManager space, ChangeMemory memory, MetadataStore items) {
        this.reader = reader;
        this.space = space;
        this.memory = memory;
        this.items = items;
    }

    /**
     * Returns the map of an inode, to be given back with {@link #release}. Reads its map item if need be; only callers
     * that want the same map wait for that.
     */
    public BlockMap acquire(long inode) throws HoldfastException {
        return acquire(inode, null);
    }

    /**
     * Does as {@link #acquire(long)}.
     *
     * @param otherwise the root of a map whose item cannot be read; null to throw the error
     */
    public BlockMap acquire(long inode, @Nullable MapRoot otherwise) throws HoldfastException {
        Entry entry;
        lock.lock();
        try {
            while (true) {
                entry = maps.get(inode);
                if (entry == null) {
                    entry = new Entry();
                    maps.put(inode, entry);
                    break;
                }
                if (entry.map != null) {
                    entry.users++;
                    return entry.map;
                }
                loaded.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        return load(inode, entry, otherwise);
    }

    /** Reads the root of a map; this thread has entered the promise. */
    private BlockMap load(long inode, Entry entry, @Nullable MapRoot otherwise) throws HoldfastException {
        BlockMap read = null;
        try {
            read = new BlockMap(reader, space, memory, root(inode, otherwise));
        } finally {
            if (read == null) {
                takeBack(inode, entry);
            }
        }
        return keep(entry, read);
    }

    private MapRoot root(long inode, @Nullable MapRoot otherwise) throws HoldfastException {
        byte[] item;
        try {
            item = items.get(MapItems.mapKey(inode));
        } catch (HoldfastException e) {
            if (otherwise == null || (e.code() != ErrorCode.DAMAGED && e.code() != ErrorCode.DEVICE_ERROR)) {
                throw e;
            }
            return otherwise;
        }
        return item == null ? MapRoot.EMPTY : MapRoot.decode(item, inode);
    }

    private void takeBack(long inode, Entry entry) {
        lock.lock();
        try {
            if (entry.map == null) {
                maps.remove(inode);
            }
            loaded.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Keeps the promise, unless {@link #acquireNew} has kept it meanwhile. */
    private BlockMap keep(Entry entry, BlockMap read) {
        lock.lock();
        try {
            BlockMap map = entry.map == null ? read : entry.map;
            entry.map = map;
            entry.users++;
            loaded.signalAll();
            return map;
        } finally {
            lock.unlock();
        }
    }

    /** Does as {@link #acquire} for an inode that was created just now. Reads nothing, since its map is empty. */
    public BlockMap acquireNew(long inode) {
        lock.lock();
        try {
            Entry entry = maps.computeIfAbsent(inode, _ -> new Entry());
            BlockMap map = entry.map;
            if (map == null) {
                map = new BlockMap(reader, space, memory, MapRoot.EMPTY);
                entry.map = map;
                loaded.signalAll();
            }
            entry.users++;
            return map;
        } finally {
            lock.unlock();
        }
    }

    /** Ends one use. */
    public void release(long inode) {
        lock.lock();
        try {
            Entry entry = maps.get(inode);
            if (entry == null || entry.users == 0) {
                throw new IllegalStateException("map of inode %d was not in use".formatted(inode));
            }
            entry.users--;
            forgetIfClean(inode, entry);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the map of an inode if it is here. The caller keeps it from being released. */
    public @Nullable BlockMap find(long inode) {
        lock.lock();
        try {
            Entry entry = maps.get(inode);
            return entry == null ? null : entry.map;
        } finally {
            lock.unlock();
        }
    }

    /** Freezes all maps that have changes, in the order of their inodes. */
    public NavigableMap<Long, BlockMap> freezeAll() {
        NavigableMap<Long, BlockMap> frozen = new TreeMap<>();
        lock.lock();
        try {
            maps.forEach((inode, entry) -> {
                BlockMap map = entry.map;
                if (map != null && map.freeze()) {
                    frozen.put(inode, map);
                }
            });
        } finally {
            lock.unlock();
        }
        return frozen;
    }

    /** Removes maps that a checkpoint has made clean and nobody uses. */
    public void forgetClean(Iterable<Long> inodes) {
        lock.lock();
        try {
            for (long inode : inodes) {
                Entry entry = maps.get(inode);
                if (entry != null) {
                    forgetIfClean(inode, entry);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns the memory of all changes. */
    public ChangeMemory memory() {
        return memory;
    }

    /** Gives the memory of all changes back. No map may be used any more. */
    public void close() {
        memory.close();
    }

    private void forgetIfClean(long inode, Entry entry) {
        if (entry.users == 0 && entry.map != null && entry.map.isClean()) {
            maps.remove(inode);
        }
    }
}
