package io.holdfast.checkpoint;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Features;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.LostBehindEnd;
import io.holdfast.mapping.LostMerge;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapItems.DeadTree;
import io.holdfast.mapping.MapItems.LostNode;
import io.holdfast.mapping.MapRelease;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapUpdate;
import io.holdfast.mapping.UnknownRoot;
import io.holdfast.space.BlockList;
import io.holdfast.space.SpaceMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One checkpoint, from the frozen changes to the superblock:
 *
 * <ol>
 *   <li>the changes of every file's map become a new tree that shares the unchanged nodes;
 *   <li>some of the subtrees that were cut off earlier are freed;
 *   <li>the changed items, with the new map roots among them, become a new metadata tree;
 *   <li>the space map follows: it changes by exactly the blocks that came into the trees and left them;
 *   <li>device flush, superblock in its slot of all copies, device flush.
 * </ol>
 *
 * <p>A checkpoint can also make the volume larger. Then the space map gets the new groups, and the superblock the new
 * size. Only when that is durable are blocks of the new groups allocated: a record of the log must not name a block that
 * the superblock does not know (guard {@code NEW_GROUPS_AWAIT_SUPERBLOCK}).
 *
 * <p>Until the superblock is durable, the run overwrites nothing that the last one needs. Used once, by one thread.
 */
final class CheckpointRun {
    /** Nodes of level 2 (each 65,536 blocks, 256 MiB) freed by one checkpoint, so that none takes long. */
    private static final int REAP_MAX = 16;

    /** More nodes that cannot be read are no rot of single blocks: a cable is loose, and they may all be there yet. */
    private static final int LOST_MAX = 8;

    private final VolumeState volume;
    private final SpaceMap spaceMap;
    private final Superblocks superblocks;
    private final Superblock last;
    private final long changeBytes;
    private final CheckpointPace pace;
    private final @Nullable Layout larger;
    private final Corrections corrections;
    private final CheckpointWriter writer;
    private final TreeMap<byte[], @Nullable Item> items = new TreeMap<>(Arrays::compareUnsigned);
    private final Map<Long, MapRoot> roots = new HashMap<>();
    private final ArrayDeque<DeadTree> reapable = new ArrayDeque<>();
    private final boolean mergesLost;
    private final boolean rewritesRoot;
    private final boolean reaps;
    private final List<LostNode> lost = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();

    /** A line for the log about a lost node, with text before and after what is said of the node. */
    private record Note(LostNode node, String before, String after) {}

    /** Whether all nodes that were lost before have been put back. */
    private boolean noneIsLost;

    private boolean lostKeys;
    private long inodesBelow;
    private List<String> treeNotes = List.of();

    /** Inodes whose maps' items cannot be read: a device may take long to say so, each time. */
    private final Set<Long> unreadable = new HashSet<>();

    private boolean moreToReap;
    private long reapedNodes;
    private long frozenUnwritten;

    /**
     * @param changeBytes bytes of memory that changes of maps may take until the next checkpoint
     * @param larger what the volume is to become; null if it keeps its size
     * @param mergesLost look whether lost nodes can be read again
     * @param rewritesRoot write both copies of the metadata tree's root anew, whatever changes
     * @param reaps free some of the subtrees that were cut off
     * @param corrections of a repair
     * @param pace hears how far the run is, and may end it by throwing
     */
    CheckpointRun(
            VolumeState volume,
            SpaceMap spaceMap,
            Superblocks superblocks,
            Superblock last,
            long changeBytes,
            @Nullable Layout larger,
            boolean mergesLost,
            boolean rewritesRoot,
            boolean reaps,
            Corrections corrections,
            CheckpointPace pace) {
        this.volume = volume;
        this.spaceMap = spaceMap;
        this.superblocks = superblocks;
        this.last = last;
        this.changeBytes = changeBytes;
        this.larger = larger;
        this.mergesLost = mergesLost;
        this.rewritesRoot = rewritesRoot;
        this.reaps = reaps;
        this.corrections = corrections;
        this.pace = pace;
        this.writer =
                new CheckpointWriter(volume, corrections.isRepair() && Inject.off(Guard.REPAIR_KEEPS_OLD), pace::node);
    }

    /** Applies the frozen changes and makes them durable; returns the superblock. Memory still has the old trees. */
    Superblock write(Map<Long, BlockMap> maps, NavigableMap<byte[], Item> changedItems, LogPosition log, boolean clean)
            throws HoldfastException {
        try {
            volume.space().retryClosed();
            items.putAll(changedItems);
            items.putAll(corrections.items());
            correctCounts();
            for (Map.Entry<Long, BlockMap> map : maps.entrySet()) {
                applyMap(map.getKey(), map.getValue());
            }
            pace.mapsWritten();
            mergeLost();
            dropLostEnds();
            reap();
            roots.forEach(this::putRoot);
            TreeRoot tree = applyItems();
            writer.finish();
            growMap();
            BlockPointer spaceRoot = updateSpaceMap(last.generation() + 1, clean);
            // Sums that were wrong stay wrong, which a repair mends. Beyond these bounds the superblock could not be
            // read.
            long blocks = larger == null ? last.blocks() : larger.blocks();
            Superblock superblock = last.next(
                    tree,
                    spaceRoot,
                    log,
                    Math.clamp(last.allocatedBlocks() + writer.allocatedDifference(), 0, blocks),
                    Math.clamp(last.unwrittenBlocks() + writer.unwrittenDifference(), 0, blocks),
                    changeBytes,
                    clean);
            superblock = larger == null ? superblock : superblock.withBlocks(larger.blocks());
            superblock = superblock.withFeatures(features()).withInodesBelow(inodesBelow);
            superblock = corrections.isRepair() ? superblock.asRepaired() : superblock;
            Inject.at(Point.CHECKPOINT_WRITTEN);
            if (!Inject.off(Guard.NODES_BEFORE_SUPERBLOCK)) {
                volume.device().flush();
            }
            Inject.at(Point.CHECKPOINT_FLUSHED);
            writeSuperblock(superblock);
            return superblock;
        } finally {
            writer.close();
        }
    }

    private TreeRoot applyItems() throws HoldfastException {
        TreeUpdate update = new TreeUpdate(writer, last, items, mergesLost);
        TreeRoot tree = update.apply(items.values());
        if (!update.found().isEmpty()) {
            items.clear();
            for (Map.Entry<Long, TreeUpdate.FoundRoots> found : update.found().entrySet()) {
                putFound(found.getKey(), found.getValue());
            }
            tree = update.applyMore(tree, items.values());
        }
        if (rewritesRoot) {
            tree = update.rewriteRoot(tree);
        }
        inodesBelow = update.inodesBelow();
        lostKeys = update.hasLost(tree);
        treeNotes = update.notes();
        return tree;
    }

    /** Makes one of a root that was begun anew in recovery, and those of which nobody knew then. */
    private void putFound(long inode, TreeUpdate.FoundRoots found) throws HoldfastException {
        MapRoot root = found.now();
        for (MapRoot older : found.older()) {
            UnknownRoot both = UnknownRoot.found(
                    writer, (top, level) -> putDead(new DeadTree(inode, top, level)), inode, root, older);
            LostNode node = both.lost();
            if (node != null) {
                Item item = MapItems.lost(node);
                items.put(item.key(), item);
                lost.add(node);
            }
            root = both.root();
        }
        roots.put(inode, root);
        putRoot(inode, root);
    }

    /** What the map cannot drop stays allocated, so that its descriptors and the superblock's count agree. */
    private BlockPointer updateSpaceMap(long generation, boolean isLast) throws HoldfastException {
        spaceMap.dropAgain(writer.dropped(), isLast ? Long.MAX_VALUE : generation)
                .forEach(writer::drop);
        SpaceMap.Update update = spaceMap.update(writer.taken(), writer.dropped(), generation);
        writer.keepAllocated(update.kept(), update.allocatedBeside());
        update.filled().forEach(volume.space()::fill);
        writer.leaked(update.problems());
        return update.root();
    }

    private void growMap() {
        if (larger == null) {
            return;
        }
        spaceMap.grow(larger);
        if (Inject.off(Guard.NEW_GROUPS_AWAIT_SUPERBLOCK)) {
            volume.space().grow(larger);
        }
        Inject.at(Point.GROWTH_MAPPED);
    }

    private void writeSuperblock(Superblock superblock) throws HoldfastException {
        if (larger == null) {
            superblocks.write(superblock);
            volume.device().flush();
            return;
        }
        superblocks.writeLarger(last, superblock);
        Inject.at(Point.GROWTH_WRITTEN);
        volume.device().flush();
        Inject.at(Point.GROWTH_DURABLE);
        if (!Inject.off(Guard.NEW_GROUPS_AWAIT_SUPERBLOCK)) {
            volume.space().grow(larger);
        }
    }

    private void correctCounts() throws HoldfastException {
        for (Map.Entry<Long, Corrections.Counts> right : corrections.counts().entrySet()) {
            MapRoot root = rootOf(right.getKey());
            if (root != null) {
                roots.put(
                        right.getKey(),
                        root.withCounts(
                                Math.max(0, root.dataBlocks() + right.getValue().moreData()),
                                Math.max(
                                        0,
                                        root.unwrittenBlocks()
                                                + right.getValue().moreUnwritten())));
            }
        }
    }

    private void applyMap(long inode, BlockMap map) throws HoldfastException {
        frozenUnwritten += map.frozen().unwritten();
        MapRoot root = MapUpdate.apply(
                writer,
                roots.getOrDefault(inode, map.committed()),
                map.frozen(),
                (top, level) -> putDead(new DeadTree(inode, top, level)),
                (node, level, firstBlock, why) ->
                        putLost(new LostNode(inode, node, level, firstBlock, last.generation() + 1), why));
        roots.put(inode, root);
    }

    /** Keeps the pointer to a node that cannot be read. The checkpoint fails if there are many of them. */
    private void putLost(LostNode node, HoldfastException why) throws HoldfastException {
        if (lost.size() == LOST_MAX) {
            throw new HoldfastException(
                    why.code(), "more than %d map nodes cannot be read: %s".formatted(LOST_MAX, why.getMessage()), why);
        }
        Item item = MapItems.lost(node);
        items.put(item.key(), item);
        lost.add(node);
        notes.add(new Note(
                node,
                "",
                ": %s. Their space stays allocated; 'holdfast check' names all damage".formatted(why.getMessage())));
    }

    private Features features() {
        Features features = last.features().withLostKeys(lostKeys);
        if (!lost.isEmpty() || roots.values().stream().anyMatch(MapRoot::hidesAnother)) {
            return features.withLostNodes();
        }
        // Where keys are lost, a root may be among them that has lost blocks.
        return noneIsLost && !lostKeys ? features.withoutLostNodes() : features;
    }

    /**
     * Puts nodes back that were lost before this checkpoint and can be read again, the last that was lost first. A node is put
     * back only if none is missing that took its place later: that one may have had newer content.
     */
    private void mergeLost() throws HoldfastException {
        if (!mergesLost || !last.features().haveLostNodes()) {
            return;
        }
        Optional<List<LostNode>> found = LostNodes.all(volume.nodes(), last);
        if (found.isEmpty()) {
            return;
        }
        List<LostNode> missing = new ArrayList<>(lost);
        for (LostNode node : found.get()) {
            if (corrections.items().containsKey(MapItems.lost(node).key())) {
                continue; // A repair gives it up, and takes what is below as free.
            }
            boolean hidden = missing.stream().anyMatch(node::overlaps);
            if (hidden || sinceOf(node.inode()) > node.generation() || !merged(node, missing)) {
                missing.add(node);
            }
        }
        noneIsLost = missing.isEmpty();
    }

    /**
     * Returns the generation of the superblock since which a map is known. What was lost before must not be put back, since nobody knows
     * what came after it.
     *
     * @return 0 if all of the map is known; {@link Long#MAX_VALUE} if nothing is
     */
    private long sinceOf(long inode) {
        if (unreadable.contains(inode)) {
            return Long.MAX_VALUE;
        }
        try {
            MapRoot root = rootOf(inode);
            return root == null ? 0 : root.since();
        } catch (HoldfastException e) {
            unreadable.add(inode);
            return Long.MAX_VALUE;
        }
    }

    /**
     * Returns whether a node has been put back.
     *
     * @param missing takes nodes below it that have not
     */
    private boolean merged(LostNode node, List<LostNode> missing) throws HoldfastException {
        LostMerge merge =
                new LostMerge(writer, node, (top, level) -> putDead(new DeadTree(node.inode(), top, level)), below -> {
                    Item item = MapItems.lost(below);
                    items.put(item.key(), item);
                    missing.add(below);
                });
        MapRoot root;
        try {
            merge.read();
            root = rootOf(node.inode());
            if (root != null) {
                roots.put(node.inode(), merge.apply(root));
            }
        } catch (HoldfastException e) {
            if (merge.hasBegun()) {
                throw e;
            }
            return false; // As before. The check says so.
        }
        if (root == null) {
            merge.cutOff();
        }
        byte[] key = MapItems.lost(node).key();
        items.put(key, Item.remove(key));
        notes.add(new Note(node, "a map node can be read again: no longer so that ", ""));
        return true;
    }

    private void dropLostEnds() throws HoldfastException {
        for (Map.Entry<Long, Long> end : corrections.ends().entrySet()) {
            MapRoot root = rootOf(end.getKey());
            if (root != null) {
                roots.put(end.getKey(), LostBehindEnd.apply(writer, root, end.getValue()));
            }
        }
    }

    private void putRoot(long inode, MapRoot root) {
        byte[] key = MapItems.mapKey(inode);
        items.put(key, root.equals(MapRoot.EMPTY) ? Item.remove(key) : new Item(key, root.encode()));
    }

    private void putDead(DeadTree tree) {
        Item item = MapItems.dead(tree);
        items.put(item.key(), item);
        moreToReap = true;
    }

    /** Frees a bounded part of the subtrees that were cut off before this checkpoint. */
    private void reap() throws HoldfastException {
        int budget = reaps ? REAP_MAX : 0;
        for (DeadTree tree : deadTrees()) {
            if (budget == 0) {
                moreToReap = true;
                return;
            }
            Item item = MapItems.dead(tree);
            items.put(item.key(), Item.remove(item.key()));
            reapable.push(tree);
            budget = reapWithin(budget);
        }
    }

    /** Returns some subtrees to free. Those wait whose items, or whose maps' items, cannot be read. */
    private List<DeadTree> deadTrees() {
        List<DeadTree> found = new ArrayList<>();
        BTreeCursor cursor = BTree.cursor(
                volume.nodes(),
                last.treeRoot(),
                MapItems.firstDeadKey(),
                MapItems.firstLostKey(),
                null,
                BTree.PAST_LOST_KEYS);
        try {
            Item item = cursor.next();
            while (item != null && MapItems.isDeadKey(item.key()) && found.size() <= (reaps ? REAP_MAX : 0)) {
                DeadTree tree = MapItems.decodeDead(item.key(), Objects.requireNonNull(item.value()));
                if (sinceOf(tree.inode()) == 0) {
                    found.add(tree);
                }
                item = cursor.next();
            }
        } catch (HoldfastException e) {
            return found; // The check says why.
        }
        return found;
    }

    private int reapWithin(int budget) throws HoldfastException {
        int left = budget;
        while (!reapable.isEmpty()) {
            DeadTree tree = reapable.pop();
            if (left == 0) {
                putDead(tree);
                continue;
            }
            left--;
            MapRelease release =
                    new MapRelease(writer, (root, level) -> reapable.push(new DeadTree(tree.inode(), root, level)));
            release.node(tree.root(), tree.level());
            reapedNodes += release.nodes();
            uncount(tree.inode(), release.dataBlocks(), release.unwrittenBlocks());
        }
        return left;
    }

    /** Takes freed blocks out of their file's count, if the file still exists. */
    private void uncount(long inode, long blocks, long unwritten) throws HoldfastException {
        MapRoot root = rootOf(inode);
        if (root != null && !root.equals(MapRoot.EMPTY)) {
            roots.put(inode, root.without(blocks, unwritten));
        }
    }

    /** Returns the root of a file's map as this run has it; null if there is no such file, or it has no map. */
    private @Nullable MapRoot rootOf(long inode) throws HoldfastException {
        MapRoot root = roots.get(inode);
        if (root != null) {
            return root;
        }
        BlockMap map = volume.maps().find(inode);
        byte[] item = BTree.get(volume.nodes(), last.treeRoot(), MapItems.mapKey(inode));
        if (item == null) {
            return null;
        }
        return map != null ? map.committed() : MapRoot.decode(item, inode);
    }

    /** Returns the blocks that came into the trees. */
    BlockList taken() {
        return writer.taken();
    }

    /** Returns the blocks that left the trees. */
    BlockList dropped() {
        return writer.dropped();
    }

    Map<Long, MapRoot> roots() {
        return roots;
    }

    /** Returns whether subtrees are left for a later checkpoint to free. */
    boolean moreToReap() {
        return moreToReap;
    }

    /** Returns how many nodes of subtrees were read to free them. */
    long reapedNodes() {
        return reapedNodes;
    }

    long frozenUnwritten() {
        return frozenUnwritten;
    }

    /** Returns what the run could not read, a line for each, for the log. */
    List<String> damage(FileNames names) {
        List<String> damage = new ArrayList<>(writer.leaks());
        damage.addAll(treeNotes);
        if (!notes.isEmpty()) {
            LongFunction<String> label =
                    names.of(notes.stream().map(note -> note.node.inode()).collect(Collectors.toSet()));
            notes.forEach(
                    note -> damage.add(note.before + note.node.text(label.apply(note.node.inode())) + note.after));
        }
        return damage;
    }
}
