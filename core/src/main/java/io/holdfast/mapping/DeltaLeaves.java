package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The leaves of one file's changes: for each changed chunk a base, and entries of 16 bytes for the blocks that the base
 * does not decide. Not thread-safe, but any threads may read while none writes.
 *
 * <p>Invariants: a leaf with {@code n} entries has a block for up to {@code 2^order} of them, {@code order} being the least
 * that suffices, or more if entries were replaced; a leaf without entries has none. A change that finds no memory throws before it
 * has changed an entry.
 */
final class DeltaLeaves {
    private static final int SIZE_BITS = 9;
    private static final int ORDER_BITS = 4;

    private final ChangeArea area;
    private final ChunkTree tree;

    DeltaLeaves(ChangeArea area) {
        this.area = area;
        this.tree = new ChunkTree(area);
    }

    boolean isEmpty() {
        return tree.isEmpty();
    }

    /** Forgets all; the area has been emptied. */
    void clear() {
        tree.clear();
    }

    // ---- looking ----

    /** Returns the leaf of a chunk; null if it has none. */
    @Nullable
    DeltaLeaf get(long chunk) {
        long place = tree.find(chunk);
        return place == ChunkTree.NONE ? null : leafAt(place);
    }

    private DeltaLeaf leafAt(long place) {
        int bits = tree.bits(place);
        int block = tree.block(place);
        return new DeltaLeaf(area.extentOf(block), ChangeArea.offsetOf(block), baseIn(bits), sizeIn(bits));
    }

    /** Returns the last chunk with a leaf at or before {@code chunk}, -1 if there is none. */
    long floor(long chunk) {
        return chunkAt(tree.floor(chunk));
    }

    /** Returns the first chunk with a leaf from {@code chunk} on, -1 if there is none. */
    long ceiling(long chunk) {
        return chunkAt(tree.ceiling(chunk));
    }

    /** Returns the last chunk with a leaf, -1 if there is none. */
    long last() {
        return chunkAt(tree.last());
    }

    private long chunkAt(long place) {
        return place == ChunkTree.NONE ? -1 : tree.chunk(place);
    }

    // ---- changing: one leaf, by its place, which holds until another leaf is made or removed ----

    /** Returns the place of a chunk's leaf, {@link ChunkTree#NONE} if it has none. */
    long find(long chunk) {
        return tree.find(chunk);
    }

    /** Makes a leaf without entries, and returns its place. */
    long create(long chunk, int base) {
        return tree.add(chunk, bits(base, 0, 0), 0);
    }

    int base(long place) {
        return baseIn(tree.bits(place));
    }

    /** Sets a slot's entry and returns the word before: the old entry's, else the base's, else -1. */
    long put(long place, int slot, long word, long checksum) {
        DeltaLeaf leaf = leafAt(place);
        long packed = DeltaLeaf.packed(slot, word);
        int position = leaf.find(slot);
        if (position >= 0) {
            long old = leaf.wordAt(position);
            putEntry(tree.block(place), position, packed, checksum);
            return old;
        }
        putEntry(makeRoom(place, ~position, 1), ~position, packed, checksum);
        return leaf.baseWord();
    }

    /**
     * Sets {@code count} slots that have no entry to data that lies side by side.
     *
     * @param first first slot; the last one is in this leaf, too
     * @param word of the first slot
     * @param sums checksums of the slots, from index {@code from} on
     * @return false if one of the slots has an entry; nothing is changed then
     */
    boolean insertRun(long place, int first, int count, long word, long[] sums, int from) {
        Objects.checkFromIndexSize(from, count, sums.length);
        DeltaLeaf leaf = leafAt(place);
        int position = ~leaf.find(first);
        if (position < 0 || (position < leaf.size() && leaf.slotAt(position) < first + count)) {
            return false;
        }
        int state = MapEntry.state(word);
        long at = MapEntry.block(word);
        int block = makeRoom(place, position, count);
        for (int i = 0; i < count; i++) {
            long packed = DeltaLeaf.packed(first + i, MapEntry.word(state, at + i));
            putEntry(block, position + i, packed, sums[from + i]);
        }
        return true;
    }

    private void putEntry(int block, int position, long packed, long checksum) {
        long at = (long) position << DeltaLeaf.ENTRY_LOG2;
        area.putLong(block, at, packed);
        area.putLong(block, at + DeltaLeaf.CHECKSUM, checksum);
    }

    /**
     * Moves the entries from {@code position} on up by {@code count}; the caller fills the gap.
     *
     * @return the leaf's block
     */
    private int makeRoom(long place, int position, int count) {
        int bits = tree.bits(place);
        int block = tree.block(place);
        int size = sizeIn(bits);
        int order = orderIn(bits);
        long before = (long) position << DeltaLeaf.ENTRY_LOG2;
        long behind = (long) (size - position) << DeltaLeaf.ENTRY_LOG2;
        long gap = (long) count << DeltaLeaf.ENTRY_LOG2;
        if (block != 0 && size + count <= 1 << order) {
            area.copy(block, before, block, before + gap, behind);
            tree.set(place, bits(baseIn(bits), order, size + count), block);
            return block;
        }
        int moreOrder = orderFor(size + count);
        int more = area.allocate(moreOrder);
        if (block != 0) {
            area.copy(block, 0, more, 0, before);
            area.copy(block, before, more, before + gap, behind);
            area.release(block, order);
        }
        tree.set(place, bits(baseIn(bits), moreOrder, size + count), more);
        return more;
    }

    /** Removes the leaf of a chunk. */
    void remove(long chunk) {
        long place = tree.find(chunk);
        int block = tree.block(place);
        if (block != 0) {
            area.release(block, orderIn(tree.bits(place)));
        }
        tree.remove(chunk);
    }

    private static int orderFor(int entries) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(entries - 1);
    }

    private static int bits(int base, int order, int size) {
        return ((base + 1) << (SIZE_BITS + ORDER_BITS)) | (order << SIZE_BITS) | size;
    }

    private static int sizeIn(int bits) {
        return bits & ((1 << SIZE_BITS) - 1);
    }

    private static int orderIn(int bits) {
        return (bits >>> SIZE_BITS) & ((1 << ORDER_BITS) - 1);
    }

    private static int baseIn(int bits) {
        return (bits >>> (SIZE_BITS + ORDER_BITS)) - 1;
    }
}
