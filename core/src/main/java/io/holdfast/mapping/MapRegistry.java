package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.node.NodeReader;
import io.holdfast.space.SpaceManager;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The block maps that are in use or have changes that no checkpoint holds yet.
 *
 * <p>Invariant: there is one {@link BlockMap} for an inode, and it stays while it is used or not clean. So what the map
 * item says is the whole truth for an inode that is not here.
 */
public final class MapRegistry {
    private final NodeReader reader;
    private final SpaceManager space;
    private final ChangeBudget budget;
    private final MetadataStore items;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Entry> maps = new HashMap<>();

    private static final class Entry {
        final BlockMap map;
        int users;

        Entry(BlockMap map) {
            this.map = map;
        }
    }

    public MapRegistry(NodeReader reader, SpaceManager space, ChangeBudget budget, MetadataStore items) {
        this.reader = reader;
        this.space = space;
        this.budget = budget;
        this.items = items;
    }

    /** Returns the map of an inode, to be given back with {@link #release}. Reads its map item if need be. */
    public BlockMap acquire(long inode) throws HoldfastException {
        lock.lock();
        try {
            Entry entry = maps.get(inode);
            if (entry == null) {
                byte[] item = items.get(MapItems.mapKey(inode));
                MapRoot root = item == null ? MapRoot.EMPTY : MapRoot.decode(item, inode);
                entry = new Entry(new BlockMap(reader, space, budget, root));
                maps.put(inode, entry);
            }
            entry.users++;
            return entry.map;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the map of an inode that was created just now, as {@link #acquire}. Reads nothing: it maps nothing. */
    public BlockMap acquireNew(long inode) {
        lock.lock();
        try {
            Entry entry =
                    maps.computeIfAbsent(inode, _ -> new Entry(new BlockMap(reader, space, budget, MapRoot.EMPTY)));
            entry.users++;
            return entry.map;
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
                if (entry.map.freeze()) {
                    frozen.put(inode, entry.map);
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
        if (entry.users == 0 && entry.map.isClean()) {
            maps.remove(inode);
        }
    }
}
