package io.holdfast.btree;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.MapEntry;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of the tree as it is on disk: one block, little-endian.
 *
 * <pre>
 *       0        4      5     6        8         10            16
 *      +--------+------+-----+--------+---------+-------------+
 *      | magic  | level|flags| count  | start   | 0           |
 *      | "HFTN" | u8   | u8  | u16    | u16     |             |
 *      +--------+------+-----+--------+---------+-------------+
 *   16 | slot 0 u16 | slot 1 u16 | ... slot count-1 u16 | free
 *      +------------------------------------------------------+
 *      |                        free                          |
 *      +------------------------------------------------------+
 * start| item count-1 | ...                 | item 1 | item 0 | 4096
 *      +------------------------------------------------------+
 *
 *   item: | key length u16 | value length u16 | key | value |
 * </pre>
 *
 * <p>Slot {@code i} is the offset of item {@code i}. Items lie without gaps from the end of the block downwards, in key
 * order, so the slots, the lengths and {@code start} prove each other. In a leaf (level 0) the items are the volume's
 * items. In an inner node the key is the first key of a child and the value its pointer (word of {@link MapEntry}, checksum u64).
 * Five more bits of the word say what hangs there. Bit 59: the child is a node, and patches are further below. Bits 60 to 63: how many
 * {@link PatchNode}s lie one below the other there; 0, the child is a node. So patches are found without reading what is whole.
 *
 * <p>{@code flags} is 1 in the nodes of a patch's tree of changes, else 0. In such a leaf a value length of 65535 stands for a removal. A tree
 * of changes has no patches.
 *
 * <p>Invariants of every instance, checked when a block is decoded, so that no later access can fail:
 *
 * <ul>
 *   <li>1 or more items, each within the block, none overlapping, keys strictly ascending and of legal length;
 *   <li>in an inner node every value is a pointer to a node;
 *   <li>read as a child: its level is one less than its parent's, its first key equals the key the parent has for it,
 *       and its last key is below the parent's next. So no walk can loop or meet a node twice.
 * </ul>
 */
final class TreeNode implements Node {
    static final int SIZE = Block.SIZE;
    static final int HEADER_SIZE = 16;

    /** Bytes of a node for items and their slots. */
    static final int CAPACITY = SIZE - HEADER_SIZE;

    static final int POINTER_SIZE = 16;

    /** The flag of a node in a tree of changes. */
    static final byte OF_CHANGES = 1;

    /** Stands for the length of a value in a removal. */
    private static final int REMOVED = 0xffff;

    /** Bits of a pointer's word that no pointer elsewhere has. */
    private static final long LOST_BELOW = 1L << 59;

    private static final int PATCHES_SHIFT = 60;
    private static final long NO_MARKS = LOST_BELOW - 1;

    /** With at least five children a node (see {@link NodesBound}) no volume needs more levels. */
    static final int LEVEL_MAX = 30;

    private static final System.Logger LOG = System.getLogger("holdfast");

    /** The name for messages and reports. */
    static final String STRUCTURE = "tree node";

    private static final int MAGIC = 'H' | 'F' << 8 | 'T' << 16 | 'N' << 24;
    private static final int SLOT_SIZE = 2;
    private static final int ITEM_HEADER_SIZE = 4;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes;
    private final int level;
    private final int count;

    private TreeNode(byte[] bytes, int level, int count) {
        this.bytes = bytes;
        this.level = level;
        this.count = count;
    }

    /** Reads the root; nothing else tells its level. Takes its copy if that is at hand and it is not, or if it cannot be read. */
    static TreeNode readRoot(NodeReader reader, TreeRoot root) throws HoldfastException {
        byte[] bytes = new byte[SIZE];
        for (BlockPointer pointer : copies(root)) {
            if (reader.peek(pointer, 0, bytes, SIZE)) {
                return requireTree(decode(bytes, pointer.block()), pointer, false);
            }
        }
        try {
            return readRoot(reader, root.node(), false);
        } catch (HoldfastException e) {
            TreeNode other = root.hasCopy() ? readOther(reader, root.second()) : null;
            if (other == null) {
                throw e;
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}; it is the root of the metadata tree, and its copy in block {1} is whole; ''holdfast check'' names all damage",
                    String.valueOf(e.getMessage()),
                    Long.toString(root.copy()));
            return other;
        }
    }

    private static @Nullable TreeNode readOther(NodeReader reader, BlockPointer pointer) {
        try {
            return readRoot(reader, pointer, false);
        } catch (HoldfastException e) {
            return null; // The first copy's error says what is wrong.
        }
    }

    /** Returns the pointers to a root: one, or two if there is a copy, or none. */
    static List<BlockPointer> copies(TreeRoot root) {
        if (root.isNone()) {
            return List.of();
        }
        return root.hasCopy() ? List.of(root.node(), root.second()) : List.of(root.node());
    }

    /** Reads the root of a tree, or of a patch's tree of changes. */
    static TreeNode readRoot(NodeReader reader, BlockPointer pointer, boolean ofChanges) throws HoldfastException {
        return requireTree(decode(reader.read(pointer, STRUCTURE), pointer.block()), pointer, ofChanges);
    }

    private static TreeNode requireTree(TreeNode node, BlockPointer pointer, boolean ofChanges)
            throws HoldfastException {
        if (node.isOfChanges() != ofChanges) {
            throw damaged(pointer.block(), "it belongs to another tree");
        }
        return node;
    }

    /** Returns the bytes of the block, which must not be changed. */
    byte[] content() {
        return bytes;
    }

    @Override
    public void requirePlace(long block, int parentsLevel, boolean ofChanges, byte[] low, byte @Nullable [] high)
            throws HoldfastException {
        if (level != parentsLevel) {
            throw damaged(block, "its level is " + level + " where its parent needs " + parentsLevel);
        }
        if (isOfChanges() != ofChanges) {
            throw damaged(block, "it belongs to another tree");
        }
        if (compareKey(0, low) != 0) {
            throw damaged(block, "its first key is not the one its parent has for it");
        }
        if (high != null && compareKey(count - 1, high) >= 0) {
            throw damaged(block, "its last key reaches into its parent's next child");
        }
    }

    /** Decodes a block that matched its checksum, and checks every length and offset in it first. */
    static TreeNode decode(byte[] bytes, long block) throws HoldfastException {
        if (bytes.length != SIZE) {
            throw damaged(block, "it has " + bytes.length + " bytes");
        }
        if ((int) INT.get(bytes, 0) != MAGIC) {
            throw damaged(block, "its magic number is missing");
        }
        int level = bytes[4] & 0xff;
        int count = u16(bytes, 6);
        int start = u16(bytes, 8);
        if ((bytes[5] & ~OF_CHANGES) != 0 || u16(bytes, 10) != 0 || (int) INT.get(bytes, 12) != 0) {
            throw damaged(block, "a reserved field is not zero");
        }
        if (level > LEVEL_MAX) {
            throw damaged(block, "its level is " + level);
        }
        if (count == 0 || count > CAPACITY / (SLOT_SIZE + ITEM_HEADER_SIZE)) {
            throw damaged(block, "it claims " + count + " items");
        }
        TreeNode node = new TreeNode(bytes, level, count);
        int end = SIZE;
        for (int i = 0; i < count; i++) {
            end = node.checkItem(i, end, block);
        }
        if (end != start) {
            throw damaged(block, "its items start at " + end + " and its header says " + start);
        }
        return node;
    }

    /** Checks item {@code i}, which must end at {@code end}, and returns where it starts. */
    private int checkItem(int i, int end, long block) throws HoldfastException {
        int at = slot(i);
        if (at < HEADER_SIZE + count * SLOT_SIZE || at + ITEM_HEADER_SIZE > end) {
            throw damaged(block, "item " + i + " is out of place");
        }
        int keyLength = u16(bytes, at);
        int valueLength = valueLength(at);
        if (at + ITEM_HEADER_SIZE + keyLength + valueLength != end) {
            throw damaged(block, "the lengths of item " + i + " do not fit");
        }
        if (keyLength == 0 || keyLength > Item.KEY_MAX) {
            throw damaged(block, "item " + i + " has a key of " + keyLength + " bytes");
        }
        if (level == 0 ? valueLength > Item.VALUE_MAX : valueLength != POINTER_SIZE) {
            throw damaged(block, "item " + i + " has a value of " + valueLength + " bytes");
        }
        if (level > 0) {
            checkPointer(i, at + ITEM_HEADER_SIZE + keyLength, block);
        }
        if (i > 0) {
            int previous = slot(i - 1) + ITEM_HEADER_SIZE;
            int key = at + ITEM_HEADER_SIZE;
            if (Arrays.compareUnsigned(bytes, previous, previous + keyLength(i - 1), bytes, key, key + keyLength)
                    >= 0) {
                throw damaged(block, "the keys of items " + (i - 1) + " and " + i + " are not in order");
            }
        }
        return at;
    }

    private void checkPointer(int i, int at, long block) throws HoldfastException {
        long word = (long) LONG.get(bytes, at);
        long plain = word & NO_MARKS;
        int patches = (int) (word >>> PATCHES_SHIFT);
        if (!MapEntry.isPossible(plain) || MapEntry.state(plain) != MapEntry.NODE || MapEntry.block(plain) == 0) {
            throw damaged(block, "item " + i + " points nowhere");
        }
        boolean leadsOn = (word & LOST_BELOW) != 0;
        if (isOfChanges() && word != plain) {
            throw damaged(block, "item " + i + " leads to a patch, which cannot be in a patch's changes");
        }
        if (patches > PatchNode.DEPTH_MAX || (leadsOn && (level == 1 || patches > 0))) {
            throw damaged(block, "item " + i + " has marks that cannot be");
        }
    }

    /** Returns the length of the value of the item at an offset; a removal has none. */
    private int valueLength(int at) {
        int length = u16(bytes, at + 2);
        return length == REMOVED && level == 0 && isOfChanges() ? 0 : length;
    }

    /** Makes the block of a node. The items must fit and be in order; removals are for trees of changes. */
    static byte[] encode(int level, boolean ofChanges, List<Item> items) {
        byte[] bytes = new byte[SIZE];
        int end = SIZE;
        int slot = HEADER_SIZE;
        for (Item item : items) {
            byte[] key = item.key();
            byte[] value = ofChanges && item.value() == null ? new byte[0] : valueOf(item);
            end -= ITEM_HEADER_SIZE + key.length + value.length;
            SHORT.set(bytes, slot, (short) end);
            SHORT.set(bytes, end, (short) key.length);
            SHORT.set(bytes, end + 2, (short) (item.value() == null ? REMOVED : value.length));
            System.arraycopy(key, 0, bytes, end + ITEM_HEADER_SIZE, key.length);
            System.arraycopy(value, 0, bytes, end + ITEM_HEADER_SIZE + key.length, value.length);
            slot += SLOT_SIZE;
        }
        if (slot > end) {
            throw new IllegalStateException("items of a tree node overlap its slots by " + (slot - end) + " bytes");
        }
        INT.set(bytes, 0, MAGIC);
        bytes[4] = (byte) level;
        bytes[5] = ofChanges ? OF_CHANGES : 0;
        SHORT.set(bytes, 6, (short) items.size());
        SHORT.set(bytes, 8, (short) end);
        return bytes;
    }

    /** Returns the bytes of {@link #CAPACITY} that an item takes, with its slot. */
    static int cost(Item item) {
        byte[] value = item.value();
        return cost(item.key().length, value == null ? 0 : value.length);
    }

    static int cost(int keyLength, int valueLength) {
        return SLOT_SIZE + ITEM_HEADER_SIZE + keyLength + valueLength;
    }

    /** Makes the item that stands for a child in its parent. */
    static Item childItem(byte[] firstKey, BlockPointer pointer, boolean hasLost) {
        return childItem(firstKey, pointer, hasLost ? LOST_BELOW : 0);
    }

    /**
     * Makes the item that stands for a patch.
     *
     * @param depth of the patch
     */
    static Item patchItem(byte[] firstKey, BlockPointer pointer, int depth) {
        return childItem(firstKey, pointer, (long) depth << PATCHES_SHIFT);
    }

    private static Item childItem(byte[] firstKey, BlockPointer pointer, long marks) {
        byte[] value = new byte[POINTER_SIZE];
        pointer.encode(value, 0);
        LONG.set(value, 0, (long) LONG.get(value, 0) | marks);
        return new Item(firstKey, value);
    }

    /** Returns the pointer in an item made by {@link #childItem}. */
    static BlockPointer pointerOf(Item item) {
        return pointer(valueOf(item), 0);
    }

    /** Returns the depth of the patch for which an item made by {@link #patchItem} stands; 0 if it stands for a node. */
    static int patchDepth(Item item) {
        return (int) ((long) LONG.get(valueOf(item), 0) >>> PATCHES_SHIFT);
    }

    /** Returns whether an item made by {@link #childItem} has a patch or leads to one. */
    static boolean hasLost(Item item) {
        return ((long) LONG.get(valueOf(item), 0) & ~NO_MARKS) != 0;
    }

    @Override
    public int level() {
        return level;
    }

    @Override
    public int depth() {
        return 0;
    }

    /** Returns whether this belongs to a patch's tree of changes, whose leaves may have removals. */
    boolean isOfChanges() {
        return bytes[5] != 0;
    }

    /** Returns whether child {@code i} is a patch. */
    boolean isPatch(int i) {
        return patchDepth(i) != 0;
    }

    /** Returns the depth of the patch that child {@code i} is; 0 if it is a node. */
    int patchDepth(int i) {
        return (int) (word(i) >>> PATCHES_SHIFT);
    }

    /** Returns whether child {@code i} is a node that leads to patches. */
    boolean hasLostBelow(int i) {
        return (word(i) & LOST_BELOW) != 0;
    }

    /** Returns whether there are patches below. */
    boolean hasLost() {
        for (int i = 0; level > 0 && i < count; i++) {
            if (isPatch(i) || hasLostBelow(i)) {
                return true;
            }
        }
        return false;
    }

    private long word(int i) {
        return (long) LONG.get(bytes, slot(i) + ITEM_HEADER_SIZE + keyLength(i));
    }

    boolean isLeaf() {
        return level == 0;
    }

    int count() {
        return count;
    }

    byte[] key(int i) {
        int at = slot(i) + ITEM_HEADER_SIZE;
        return Arrays.copyOfRange(bytes, at, at + keyLength(i));
    }

    byte[] value(int i) {
        int at = slot(i) + ITEM_HEADER_SIZE + keyLength(i);
        return Arrays.copyOfRange(bytes, at, at + valueLength(slot(i)));
    }

    /** Returns whether item {@code i} of a tree of changes is a removal. */
    private boolean isRemoval(int i) {
        return level == 0 && isOfChanges() && u16(bytes, slot(i) + 2) == REMOVED;
    }

    Item item(int i) {
        return isRemoval(i) ? Item.remove(key(i)) : new Item(key(i), value(i));
    }

    BlockPointer child(int i) {
        return pointer(bytes, slot(i) + ITEM_HEADER_SIZE + keyLength(i));
    }

    /** Returns the upper bound of child {@code i}'s keys: the next child's first key, or {@code high} for the last. */
    byte @Nullable [] childHigh(int i, byte @Nullable [] high) {
        return i + 1 < count ? key(i + 1) : high;
    }

    /** Compares key {@code i} with {@code key}. */
    int compareKey(int i, byte[] key) {
        int at = slot(i) + ITEM_HEADER_SIZE;
        return Arrays.compareUnsigned(bytes, at, at + keyLength(i), key, 0, key.length);
    }

    /** Returns the index of the first item whose key is {@code key} or greater, {@link #count} if there is none. */
    int ceiling(byte[] key) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (compareKey(middle, key) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Returns the index of the child that the key belongs to; a key before the first child's belongs to the first. */
    int childFor(byte[] key) {
        int at = ceiling(key);
        return at < count && compareKey(at, key) == 0 ? at : Math.max(0, at - 1);
    }

    static HoldfastException damaged(long block, String what) {
        return new HoldfastException(
                ErrorCode.DAMAGED, STRUCTURE + " in block " + block + " is damaged: " + what + "; run a check");
    }

    private static byte[] valueOf(Item item) {
        byte[] value = item.value();
        if (value == null) {
            throw new IllegalStateException("a removal is not an item of a node");
        }
        return value;
    }

    private static BlockPointer pointer(byte[] from, int at) {
        return new BlockPointer(MapEntry.block((long) LONG.get(from, at)), (long) LONG.get(from, at + 8));
    }

    private int slot(int i) {
        return u16(bytes, HEADER_SIZE + i * SLOT_SIZE);
    }

    private int keyLength(int i) {
        return u16(bytes, slot(i));
    }

    private static int u16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at) & 0xffff;
    }
}
