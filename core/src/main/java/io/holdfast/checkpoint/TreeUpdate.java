package io.holdfast.checkpoint;

import io.holdfast.btree.BTree;
import io.holdfast.btree.Losses;
import io.holdfast.btree.LostKeys;
import io.holdfast.btree.Mending;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.metadata.InodeMark;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * Applies the changed items of one checkpoint to the metadata tree. A node that has to change and cannot be read is lost: what it
 * has is an error, and all else goes on. What can be read again is put back. Used once, by one thread.
 */
final class TreeUpdate {
    /** More nodes that cannot be read are no rot of single blocks: a cable is loose, and they may all be there yet. */
    private static final int LOST_MAX = 8;

    private static final int MERGES_MAX = 64;

    private final CheckpointWriter writer;
    private final Superblock last;
    private final long inodesBelow;
    private final Mending mending;
    private final List<String> notes = new ArrayList<>();
    private final Map<Long, FoundRoots> found = new LinkedHashMap<>();
    private int lost;

    /**
     * A root of a map that was begun since nobody knew of another; and that other one. There may be several, if the same happened again.
     *
     * @param older the newest first; {@link MapRoot#EMPTY} if there is none
     */
    record FoundRoots(MapRoot now, List<MapRoot> older) {}

    /** @param mends look whether lost nodes can be read again */
    TreeUpdate(
            CheckpointWriter writer,
            Superblock last,
            NavigableMap<byte[], @Nullable Item> changedItems,
            boolean mends) {
        this.writer = writer;
        this.last = last;
        this.inodesBelow = inodesBelow(changedItems);
        this.mending = mends && last.features().haveLostKeys()
                ? BTree.mending(writer, last.treeRoot(), MERGES_MAX)
                : Mending.NOTHING;
    }

    private long inodesBelow(NavigableMap<byte[], @Nullable Item> changedItems) {
        Item mark = changedItems.get(InodeMark.key());
        byte[] value = mark == null ? null : mark.value();
        if (value == null && last.inodesBelow() == 0) {
            try {
                value = BTree.get(writer, last.treeRoot(), InodeMark.key());
            } catch (HoldfastException e) {
                return 0; // Nobody knows it. The check says why.
            }
        }
        return value == null ? last.inodesBelow() : Math.max(0, InodeMark.decode(value));
    }

    /** Returns a number above those of all inodes in the new tree; 0 if none is known. */
    long inodesBelow() {
        return inodesBelow;
    }

    /** Applies all items; returns the root of the new tree. */
    TreeRoot apply(Iterable<Item> items) throws HoldfastException {
        return BTree.apply(writer, writer, last.treeRoot(), items.iterator(), new Policy(mending));
    }

    /** Writes both copies of the root anew, if {@link #apply} has not. */
    TreeRoot rewriteRoot(TreeRoot tree) throws HoldfastException {
        boolean isOld = !tree.isNone() && tree.equals(last.treeRoot());
        return isOld ? BTree.rewriteRoot(writer, writer, tree) : tree;
    }

    /** Applies a few more items to the tree that {@link #apply} has made, in the place of roots that were {@link #found}. */
    TreeRoot applyMore(TreeRoot tree, Iterable<Item> items) throws HoldfastException {
        found.clear();
        return BTree.apply(writer, writer, tree, items.iterator(), new Policy(Mending.NOTHING));
    }

    /** Returns the maps of which an older root was found, by their inodes. */
    Map<Long, FoundRoots> found() {
        return found;
    }

    /** Returns whether a tree has lost keys. */
    boolean hasLost(TreeRoot tree) throws HoldfastException {
        return BTree.hasLost(writer, tree);
    }

    /** Returns lines for the log. */
    List<String> notes() {
        return notes;
    }

    private final class Policy implements Losses {
        private final Mending mended;

        Policy(Mending mended) {
            this.mended = mended;
            if (!mended.isNothing()) {
                notes.add("%d nodes of the metadata tree that were lost can be read again: what they have is there"
                        .formatted(mended.merged().size()));
            }
        }

        @Override
        public void lost(LostKeys keys, HoldfastException why) throws HoldfastException {
            if (lost == LOST_MAX) {
                throw new HoldfastException(
                        why.code(),
                        "more than %d nodes of the metadata tree cannot be read: %s"
                                .formatted(LOST_MAX, why.getMessage()),
                        why);
            }
            lost++;
            stillLost(keys, why);
        }

        /** Does not count: else a node that can be read again would end each checkpoint, if many below it cannot. */
        @Override
        public void stillLost(LostKeys keys, HoldfastException why) {
            notes.add("%s: %s. What is changed there is kept; 'holdfast check' names all damage"
                    .formatted(LostRanges.text(keys), why.getMessage()));
        }

        @Override
        public byte @Nullable [] end() {
            return InodeMark.end(last.inodesBelow());
        }

        @Override
        public Mending mending() {
            return mended;
        }

        @Override
        public void placed(Item change, byte @Nullable [] before) throws HoldfastException {
            byte[] value = change.value();
            if (value == null || value.length != MapRoot.BYTES_SINCE || !MapItems.isMapKey(change.key())) {
                return;
            }
            long inode = MapItems.inodeOf(change.key());
            MapRoot now = MapRoot.decode(value, inode);
            MapRoot older = before == null ? MapRoot.EMPTY : MapRoot.decode(before, inode);
            // With the same hidden one below, this is the root of before with its changes.
            if (older.since() != now.since()) {
                found.computeIfAbsent(inode, _ -> new FoundRoots(now, new ArrayList<>()))
                        .older()
                        .add(older);
            }
        }
    }
}
