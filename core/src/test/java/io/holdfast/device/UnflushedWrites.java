package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The write cache of a drive: block writes in the order in which they came, with all versions of each block.
 *
 * <p>Invariant: {@link #order} holds every version once, and {@link #newest} the last version of each of its blocks.
 * Not thread-safe.
 */
final class UnflushedWrites {
    /** Reads what is on the medium below the cache. */
    interface Medium {
        byte[] block(long block) throws HoldfastException;
    }

    record BlockWrite(long block, byte[] data) {}

    private final ArrayDeque<BlockWrite> order = new ArrayDeque<>();
    private final Map<Long, BlockWrite> newest = new HashMap<>();

    int size() {
        return order.size();
    }

    void add(long block, byte[] data) {
        BlockWrite write = new BlockWrite(block, data);
        order.addLast(write);
        newest.put(block, write);
    }

    /** Returns what a read of the block finds, or null if that is what the medium has. */
    byte @Nullable [] newest(long block) {
        BlockWrite write = newest.get(block);
        return write == null ? null : write.data();
    }

    /** Takes out the oldest write. */
    BlockWrite removeOldest() {
        BlockWrite write = order.removeFirst();
        newest.remove(write.block(), write);
        return write;
    }

    /** Returns the blocks that a power cut changes on the medium. */
    Map<Long, byte[]> afterCrash(CrashRule rule, Medium medium) throws HoldfastException {
        List<BlockWrite> writes = new ArrayList<>(order);
        return switch (rule) {
            case CrashRule.DropAll _ -> Map.of();
            case CrashRule.KeepAll _ -> landed(writes);
            case CrashRule.KeepPrefix(int count) -> landed(writes.subList(0, count));
            case CrashRule.DropOne(int index) -> {
                writes.remove(index);
                yield landed(writes);
            }
            case CrashRule.KeepOne(int index) -> landed(writes.subList(index, index + 1));
            case CrashRule.Tear(int index, int sectors) -> {
                Map<Long, byte[]> landed = landed(writes.subList(0, index));
                BlockWrite torn = writes.get(index);
                byte[] before = landed.get(torn.block());
                if (before == null) {
                    before = medium.block(torn.block());
                }
                landed.put(torn.block(), tear(torn.data(), sectors, before));
                yield landed;
            }
            case CrashRule.RandomSubset(long seed) -> {
                Random random = new Random(seed);
                Map<Long, byte[]> landed = new LinkedHashMap<>();
                for (Map.Entry<Long, List<byte[]>> block :
                        versions(writes, medium).entrySet()) {
                    landed.put(block.getKey(), any(block.getValue(), random));
                }
                yield landed;
            }
            case CrashRule.RandomTear(long seed) -> {
                Random random = new Random(seed);
                Map<Long, byte[]> landed = new LinkedHashMap<>();
                for (Map.Entry<Long, List<byte[]>> block :
                        versions(writes, medium).entrySet()) {
                    byte[] head = any(block.getValue(), random);
                    byte[] tail = any(block.getValue(), random);
                    landed.put(block.getKey(), tear(head, random.nextInt(CrashRule.SECTORS_PER_BLOCK + 1), tail));
                }
                yield landed;
            }
        };
    }

    private static Map<Long, byte[]> landed(List<BlockWrite> writes) {
        Map<Long, byte[]> landed = new LinkedHashMap<>();
        for (BlockWrite write : writes) {
            landed.put(write.block(), write.data());
        }
        return landed;
    }

    /** Returns the content on the medium and all versions after it, for each block in the order of first writes. */
    private static Map<Long, List<byte[]>> versions(List<BlockWrite> writes, Medium medium) throws HoldfastException {
        Map<Long, List<byte[]>> versions = new LinkedHashMap<>();
        for (BlockWrite write : writes) {
            List<byte[]> known = versions.get(write.block());
            if (known == null) {
                known = new ArrayList<>();
                known.add(medium.block(write.block()));
                versions.put(write.block(), known);
            }
            known.add(write.data());
        }
        return versions;
    }

    private static byte[] any(List<byte[]> versions, Random random) {
        return versions.get(random.nextInt(versions.size()));
    }

    private static byte[] tear(byte[] head, int sectors, byte[] tail) {
        byte[] torn = tail.clone();
        System.arraycopy(head, 0, torn, 0, sectors * (Block.SIZE / CrashRule.SECTORS_PER_BLOCK));
        return torn;
    }
}
