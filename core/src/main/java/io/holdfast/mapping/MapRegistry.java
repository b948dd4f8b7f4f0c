package io.holdfast.mapping;

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
 * <p>Invariant: there is one {@link BlockMap} for an inode, and it stays while it is used or not clean. So what the map
 * item says is the whole truth for an inode that is not here. The lock is not held while that item is read: the log waits
 * for the lock.
 */
public final class MapRegistry {
    private final NodeReader reader;
    private final SpaceManager space;
    private final ChangeBudget budget;
    private final MetadataStore items;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition loaded = lock.newCondition();
    private final Map<Long, Entry> maps = new HashMap<>();

    /** A map, or the promise of one: {@code map} is null while somebody reads its root. */
    private static final class Entry {
        @Nullable
        BlockMap map;

        int users;
    }

    public MapRegistry(NodeReader reader, SpaceManager space, ChangeBudget budget, MetadataStore items) {
        this.reader = reader;
        this.space = space;
        this.budget = budget;
        this.items = items;
    }

    /**
     * Returns the map of an inode, to be given back with {@link #release}. Reads its map item if need be; nobody waits for
     * that but who wants the same map.
     */
    public BlockMap acquire(long inode) throws HoldfastException {
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
        return load(inode, entry);
    }

    /** Reads the root of a map that this thread has promised. */
    private BlockMap load(long inode, Entry entry) throws HoldfastException {
        BlockMap map = null;
        try {
            byte[] item = items.get(MapItems.mapKey(inode));
            MapRoot root = item == null ? MapRoot.EMPTY : MapRoot.decode(item, inode);
            map = new BlockMap(reader, space, budget, root);
            return map;
        } finally {
            lock.lock();
            try {
                if (map == null) {
                    maps.remove(inode);
                } else {
                    entry.map = map;
                    entry.users++;
                }
                loaded.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Returns the map of an inode that was created just now, as {@link #acquire}. Reads nothing: it maps nothing. */
    public BlockMap acquireNew(long inode) {
        lock.lock();
        try {
            Entry entry = maps.computeIfAbsent(inode, _ -> new Entry());
            BlockMap map = entry.map;
            if (map == null) {
                map = new BlockMap(reader, space, budget, MapRoot.EMPTY);
                entry.map = map;
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

    /** Returns the map of an inode if it is here. Only for a caller that keeps it from being released. */
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

    /** Lets go of maps that a checkpoint has made clean and nobody uses. */
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

    private void forgetIfClean(long inode, Entry entry) {
        if (entry.users == 0 && entry.map != null && entry.map.isClean()) {
            maps.remove(inode);
        }
    }
}
