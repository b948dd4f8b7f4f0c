package io.holdfast.btree;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.TreeRoot;
import io.holdfast.node.NodeReader;
import io.holdfast.node.RootWriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Nodes in memory, counted. As on a volume, what an apply frees stays readable until {@link #settle}, and is never
 * reused. The checksum is the block's number, so that a test can damage a node's bytes without being noticed.
 */
final class MemoryNodes implements NodeReader, RootWriter {
    private final Map<Long, byte[]> blocks = new HashMap<>();
    private final Map<Long, Long> copies = new HashMap<>();
    /** Blocks of which there is another with the same content. */
    private final Set<Long> twins = new HashSet<>();

    private final Set<Long> freed = new HashSet<>();
    private final Set<Long> fresh = new HashSet<>();
    /** Blocks that cannot be read for now. */
    final Set<Long> unreadable = new HashSet<>();

    private long next = 8;
    long reads;
    long writes;

    @Override
    public byte[] read(BlockPointer pointer, String structure) throws HoldfastException {
        reads++;
        byte[] bytes = blocks.get(pointer.block());
        if (bytes == null || unreadable.contains(pointer.block()) || pointer.checksum() != checksum(pointer.block())) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, structure + " in block " + pointer.block() + " does not match its checksum");
        }
        return bytes;
    }

    @Override
    public BlockPointer write(byte[] node) {
        assertThat(node).hasSize(4096);
        long block = next++;
        writes++;
        blocks.put(block, node.clone());
        fresh.add(block);
        return new BlockPointer(block, checksum(block));
    }

    @Override
    public long writeCopy(BlockPointer node, byte[] content) {
        assertThat(content).isEqualTo(blocks.get(node.block()));
        // The checksum of a block is its number here, so a copy is known by that of the first.
        BlockPointer copy = write(content);
        copies.put(copy.block(), node.checksum());
        twins.add(node.block());
        twins.add(copy.block());
        return copy.block();
    }

    @Override
    public void take(long block) {
        throw new AssertionError("a tree of items points to nothing but nodes, which are taken when they are written");
    }

    @Override
    public boolean drop(long block) {
        assertThat(blocks).as("dropped block exists").containsKey(block);
        if (!twins.contains(block)) {
            assertThat(unreadable).as("what cannot be read stays").doesNotContain(block);
        }
        assertThat(fresh).as("a node is not written to be dropped").doesNotContain(block);
        assertThat(freed.add(block)).as("dropped once: " + block).isTrue();
        return true;
    }

    /** Ends a checkpoint: what was freed is gone. */
    void settle() {
        blocks.keySet().removeAll(freed);
        freed.clear();
        fresh.clear();
        writes = 0;
        reads = 0;
    }

    /** Forgets what a batch did that was not applied. */
    void undo() {
        blocks.keySet().removeAll(fresh);
        freed.clear();
        fresh.clear();
    }

    int size() {
        return blocks.size();
    }

    MemoryNodes copy() {
        MemoryNodes copy = new MemoryNodes();
        copy.blocks.putAll(blocks);
        copy.copies.putAll(copies);
        copy.next = next;
        return copy;
    }

    /** Returns a copy of the store in which a block has other bytes. */
    MemoryNodes with(long block, byte[] bytes) {
        MemoryNodes copy = copy();
        copy.blocks.put(block, bytes);
        return copy;
    }

    void remove(long block) {
        blocks.remove(block);
    }

    /** Puts other bytes into a block. */
    void overwrite(BlockPointer pointer, byte[] bytes) {
        blocks.put(pointer.block(), bytes);
    }

    Set<Long> blocks() {
        return Set.copyOf(blocks.keySet());
    }

    /** Checks everything about a tree: content, no leaks, fill of the nodes. */
    void verify(TreeRoot root, TreeMap<byte[], byte[]> expected) throws HoldfastException {
        verify(root, expected, true);
    }

    /** @param full whether all nodes must be filled as a writer fills them that meets no damage */
    void verify(TreeRoot root, TreeMap<byte[], byte[]> expected, boolean full) throws HoldfastException {
        TreeMap<byte[], byte[]> found = new TreeMap<>(Arrays::compareUnsigned);
        Set<Long> reachable = new HashSet<>();
        BTree.walk(this, root, new BTree.Visitor() {
            @Override
            public void node(BlockPointer pointer, int level) {
                assertThat(reachable.add(pointer.block()))
                        .as("one parent only: " + pointer)
                        .isTrue();
                if (full && level >= 0) {
                    assertThat(used(pointer))
                            .as("fill of a node of level " + level)
                            .isGreaterThanOrEqualTo(level == 0 ? TreeNode.CAPACITY / 4 : NodePacker.UNDERFULL);
                }
            }

            @Override
            public void item(Item item) {
                found.put(item.key(), item.value());
            }

            @Override
            public void lost(LostKeys lost, @Nullable HoldfastException why) {
                throw new AssertionError(lost);
            }

            @Override
            public void problem(BlockPointer pointer, HoldfastException problem) {
                throw new AssertionError(problem);
            }
        });
        assertThat(reachable).as("every node is reachable or was freed").isEqualTo(blocks.keySet());
        assertThat(found).hasSize(expected.size());
        found.forEach((key, value) -> assertThat(value).isEqualTo(expected.get(key)));
    }

    private int used(BlockPointer pointer) {
        try {
            TreeNode node = TreeNode.decode(blocks.get(pointer.block()), pointer.block());
            int used = 0;
            for (int i = 0; i < node.count(); i++) {
                used += TreeNode.cost(node.item(i));
            }
            return used;
        } catch (HoldfastException e) {
            throw new AssertionError(e);
        }
    }

    private long checksum(long block) {
        return copies.getOrDefault(block, block * 0x9E3779B97F4A7C15L);
    }
}
