package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapWalk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the subtrees that were cut off their maps and are not freed yet; their data does not matter any more. Used by
 * one thread, once, after the maps.
 */
final class DeadTreesCheck {
    /** How often they are gone through again. */
    private static final int ATTEMPTS_MAX = 16;

    private static final String REVOKED = CheckState.unprovenLine("space that nothing uses");
    /** Subtrees that are looked up at once. */
    private static final int TREES = 256;

    private final CheckState check;
    private final VolumeState volume;
    /** The nodes that were visited this time, whoever led there. */
    private final SeenNodes nodes;
    /** Pointers that were met this time. */
    private long pointers;

    private boolean begun;
    /** Whether some of the subtrees were gone through before, and their blocks are counted. */
    private boolean again;
    /** What is found this time. */
    private Findings findings = new Findings();

    private long promised;
    private boolean itemsWhole = true;
    private boolean incomplete;

    private final Map<Long, Long> blocks = new HashMap<>();
    private final Map<Long, Long> unwritten = new HashMap<>();
    private final Set<Long> unreadable = new HashSet<>();

    DeadTreesCheck(CheckState check) {
        this.check = check;
        this.volume = check.volume;
        this.nodes = new SeenNodes(check.work.memory().nodeBytes());
    }

    /** Returns how many blocks subtrees have that were cut off a file's map. */
    long blocks(long inode) {
        return blocks.getOrDefault(inode, 0L);
    }

    /** Returns how many blocks are promised in such subtrees. */
    long unwritten(long inode) {
        return unwritten.getOrDefault(inode, 0L);
    }

    /** Returns whether some of such a subtree could not be read. */
    boolean isUnreadable(long inode) {
        return unreadable.contains(inode);
    }

    /**
     * Goes through the subtrees that wait to be freed; their data does not matter any more. None is freed meanwhile, and none
     * changes. Those that are cut off meanwhile were seen with their maps.
     */
    void run() {
        // A pause, or a writer, lets them be freed: then it is done again from the beginning, with those that are left.
        String unproven = REVOKED;
        for (int attempt = 0; attempt < ATTEMPTS_MAX && unproven.equals(REVOKED); attempt++) {
            unproven = check.work.unpaused(this::goThrough);
        }
        check.inPass.addAll(findings);
        check.incomplete |= !itemsWhole || incomplete;
        check.itemsWhole &= itemsWhole;
        check.unwritten += check.isFirst() ? promised : 0;
        if (!unproven.isEmpty()) {
            if (!check.unproven.contains(unproven)) {
                check.unproven.add(unproven);
            }
            check.incomplete = true;
        }
    }

    /** Returns why not everything could be gone through; empty if it was. */
    private String goThrough() {
        forget();
        CheckSource.State kept;
        try {
            kept = check.source.takeWithDeadTrees();
        } catch (HoldfastException e) {
            return "space that nothing uses: " + e.getMessage();
        }
        try (CheckSource.State state = kept) {
            byte[] from = MapItems.firstDeadKey();
            while (from.length > 0 && !check.isEndless) {
                List<MapItems.DeadTree> trees = new ArrayList<>();
                byte[] next = deadTrees(from, trees);
                if (next == null) {
                    return REVOKED;
                }
                for (MapItems.DeadTree tree : trees) {
                    if (!deadTree(tree, state)) {
                        return REVOKED;
                    }
                }
                from = next;
            }
        }
        return "";
    }

    private void forget() {
        again = begun;
        begun = true;
        nodes.clear();
        pointers = 0;
        findings = new Findings();
        promised = 0;
        itemsWhole = true;
        incomplete = false;
        blocks.clear();
        unwritten.clear();
        unreadable.clear();
    }

    /**
     * Looks some cut-off subtrees up; returns the key where to go on, an empty one at the end, and null if what was read may have
     * been overwritten meanwhile.
     */
    private byte @Nullable [] deadTrees(byte[] from, List<MapItems.DeadTree> trees) {
        try (CheckSource.State newest = check.source.take()) {
            byte[] next = deadTrees(newest, from, trees);
            return newest.isGood() ? next : null;
        }
    }

    private byte[] deadTrees(CheckSource.State newest, byte[] from, List<MapItems.DeadTree> trees) {
        try {
            BTreeCursor cursor =
                    BTree.cursor(volume.nodes(), newest.superblock().treeRoot(), from);
            Item item = cursor.next();
            while (item != null && MapItems.isDeadKey(item.key())) {
                if (trees.size() == TREES) {
                    return item.key();
                }
                addDead(item, trees);
                item = cursor.next();
            }
        } catch (HoldfastException e) {
            hides("tree node", String.valueOf(e.getMessage()));
        }
        return new byte[0];
    }

    private void addDead(Item item, List<MapItems.DeadTree> trees) {
        byte[] value = item.value();
        try {
            if (value != null) {
                trees.add(MapItems.decodeDead(item.key(), value));
            }
        } catch (HoldfastException e) {
            hides("map node", String.valueOf(e.getMessage()));
        }
    }

    private void hides(String structure, String message) {
        findings.add(structure, -1, CheckState.NO_FILE, message);
        itemsWhole = false;
    }

    /** Returns false if subtrees are being freed again. */
    private boolean deadTree(MapItems.DeadTree tree, CheckSource.State state) {
        long from = 0;
        while (from != MapWalk.END && !check.isEndless) {
            Slice slice = check.newSlice(MapsCheck.SLICE_MAX);
            Slice.Walk walk = deadWalk(slice, tree.inode());
            try {
                from = check.walk(walk).walk(tree.root(), tree.level(), from);
            } catch (HoldfastException e) {
                slice.hides("map node", tree.root().block(), tree.inode(), String.valueOf(e.getMessage()));
                from = MapWalk.END;
            }
            Inject.at(Point.CHECK_SLICE_WALKED);
            if (!state.isGood()) {
                return false;
            }
            incomplete |= slice.incomplete;
            findings.addAll(slice.findings);
            check.countLater(slice);
            slice.forEach((block, inode) -> reachDead(block));
            blocks.merge(tree.inode(), walk.blocks, Long::sum);
            unwritten.merge(tree.inode(), walk.unwritten, Long::sum);
            promised += walk.unwritten;
            if (!walk.whole) {
                unreadable.add(tree.inode());
            }
        }
        return true;
    }

    /** Counts a block of a cut-off subtree, which may have been seen with its map. */
    private void reachDead(long block) {
        if (!check.touched.any() && !again) {
            check.reach("map node", block, CheckState.DEAD);
        } else {
            check.reachAgain(block);
        }
        pointers++;
        if (pointers > check.source.superblock().blocks()) {
            check.endWalks(
                    CheckState.DEAD); // None of the subtrees is freed meanwhile, so no block of theirs is used again.
        }
    }

    private Slice.Walk deadWalk(Slice slice, long inode) {
        return slice.new Walk(inode) {
            @Override
            boolean isKnown(long block) {
                return !check.layout.isAllocatable(block) || !nodes.add(block);
            }
        };
    }
}
