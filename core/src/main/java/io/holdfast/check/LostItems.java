package io.holdfast.check;

import io.holdfast.mapping.MapItems.LostNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The nodes of maps that were lost before, as the items say. A node is <em>settled</em> if its file's map has no lost block any more, or its file is gone:
 * then nothing but the item points to the node and to what is below. Used by the check's thread.
 */
final class LostItems {
    /** More are only known to be there. */
    static final int MAX = 1 << 14;

    private final List<LostNode> nodes = new ArrayList<>();
    private final Set<Long> inodes = new HashSet<>();
    /** Those of {@code inodes} that have a map of which is not known that it has no lost block. */
    private final Set<Long> open = new HashSet<>();

    private boolean more;

    void clear() {
        nodes.clear();
        inodes.clear();
        open.clear();
        more = false;
    }

    void add(LostNode node) {
        if (nodes.size() < MAX) {
            nodes.add(node);
            inodes.add(node.inode());
        } else {
            more = true;
        }
    }

    /** Takes note that an inode has a map. Its items of lost nodes come before. */
    void map(long inode) {
        if (inodes.contains(inode)) {
            open.add(inode);
        }
    }

    /** Takes note that a map could be read as a whole and has no lost block. */
    void settle(long inode) {
        open.remove(inode);
    }

    boolean isSettled(LostNode node) {
        return !open.contains(node.inode());
    }

    /** Returns whether all nodes are known and settled. */
    boolean areSettled() {
        return open.isEmpty() && !more;
    }

    /** Returns whether the map of an inode has lost a node: then its item may count blocks that nobody can find. */
    boolean has(long inode) {
        return more || inodes.contains(inode);
    }

    boolean any() {
        return !nodes.isEmpty();
    }

    boolean areMore() {
        return more;
    }

    List<LostNode> nodes() {
        return nodes;
    }
}
