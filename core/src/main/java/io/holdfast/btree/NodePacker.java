package io.holdfast.btree;

import io.holdfast.format.Item;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects the items of one level in key order and cuts them into nodes.
 *
 * <p>Invariants: outside {@link #add} it holds at most two nodes' worth ({@code bytes <= 2 * CAPACITY}). After {@link
 * #takeFull} it still has more than one node's worth less one item, so it is not underfull.
 */
final class NodePacker {
    /** A node with fewer bytes than this is joined with a neighbour. */
    static final int UNDERFULL = TreeNode.CAPACITY / 3;

    private static final int BYTES_MAX = 2 * TreeNode.CAPACITY;

    private final ArrayList<Item> items = new ArrayList<>();
    private int bytes;

    boolean isEmpty() {
        return items.isEmpty();
    }

    int size() {
        return items.size();
    }

    boolean isUnderfull() {
        return bytes < UNDERFULL;
    }

    Item first() {
        return items.getFirst();
    }

    void add(Item item) {
        items.add(item);
        bytes += TreeNode.cost(item);
    }

    /** Puts the items of the node to the left in front. */
    void addFirst(List<Item> left) {
        items.addAll(0, left);
        for (Item item : left) {
            bytes += TreeNode.cost(item);
        }
    }

    Item removeLast() {
        Item last = items.removeLast();
        bytes -= TreeNode.cost(last);
        return last;
    }

    /** Returns the items of a full node if the packer holds more than two nodes' worth, and null otherwise. */
    @Nullable
    List<Item> takeFull() {
        if (bytes <= BYTES_MAX) {
            return null;
        }
        int count = 0;
        int sum = 0;
        while (true) {
            int cost = TreeNode.cost(items.get(count));
            if (sum + cost > TreeNode.CAPACITY) {
                break;
            }
            sum += cost;
            count++;
        }
        List<Item> head = items.subList(0, count);
        List<Item> full = List.copyOf(head);
        head.clear();
        bytes -= sum;
        return full;
    }

    /**
     * Empties the packer into as few nodes as possible, filled evenly.
     *
     * <p>One node if everything fits, else two, cut where they differ least. If an item in the middle is so large that
     * one of the two would overflow, then three: the total is at most two capacities, and each cut is at most half an
     * item (665 bytes) away from a third, so the largest node has at most {@code 8160 / 3 + 2 * 665 < 4080} bytes. One
     * of two overflows only if the total T is above 6830 and that item is larger than {@code 8160 - T}; so the middle
     * node of three has at least {@code max(8160 - T, T / 3 - 2 * 665) > 1020} bytes, a quarter; the others have more.
     */
    List<List<Item>> takeAll() {
        List<List<Item>> nodes = List.of();
        for (int parts = (bytes + TreeNode.CAPACITY - 1) / TreeNode.CAPACITY; nodes.isEmpty() && parts > 0; parts++) {
            nodes = cut(parts);
        }
        items.clear();
        bytes = 0;
        return nodes;
    }

    /** Cuts the items into parts of nearly the same size; returns no parts if one is too large for a node. */
    private List<List<Item>> cut(int parts) {
        List<List<Item>> nodes = new ArrayList<>(parts);
        int from = 0;
        int fromBytes = 0;
        int at = 0;
        int atBytes = 0;
        for (int part = 1; part <= parts; part++) {
            int target = (int) ((long) bytes * part / parts);
            while (at < items.size()) {
                int cost = TreeNode.cost(items.get(at));
                if (at > from && target - atBytes < atBytes + cost - target) {
                    break;
                }
                atBytes += cost;
                at++;
            }
            if (at == from || atBytes - fromBytes > TreeNode.CAPACITY) {
                return List.of();
            }
            nodes.add(List.copyOf(items.subList(from, at)));
            from = at;
            fromBytes = atBytes;
        }
        return nodes;
    }
}
