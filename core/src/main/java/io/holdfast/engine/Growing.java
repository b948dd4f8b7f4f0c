package io.holdfast.engine;

import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeGrowth;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes an open volume larger: first its device, then, by a checkpoint, the volume. The device's new size becomes durable
 * by that checkpoint's first flush, before a superblock tells of it. Thread-safe.
 */
final class Growing {
    private final Device device;
    private final MemoryPlan memory;
    /** Held by the one who makes the volume larger. Others wait: they may find that it is large enough then. */
    private final ReentrantLock lock = new ReentrantLock();

    /** @param memory what the volume may use */
    Growing(Device device, MemoryPlan memory) {
        this.device = device;
        this.memory = memory;
    }

    /** Does as {@link Volume#grow}. */
    VolumeGrowth grow(long bytes, Checkpointer checkpointer) throws HoldfastException {
        lock.lock();
        try {
            Superblock now = checkpointer.checkpoints().superblock();
            long before = now.blocks();
            long blocks = bytes == 0 ? device.grow(0) : Block.at(bytes);
            requireNotSmaller(blocks, before, bytes == 0);
            if (blocks > before) {
                grow(now, new Layout(requirePossible(blocks), now.groupLog2()), checkpointer);
            }
            return new VolumeGrowth(before * Block.SIZE, blocks * Block.SIZE);
        } finally {
            lock.unlock();
        }
    }

    private void requireNotSmaller(long blocks, long before, boolean asTheDevice) throws HoldfastException {
        if (blocks >= before) {
            return;
        }
        throw new HoldfastException(
                ErrorCode.INVALID,
                asTheDevice
                        ? "%s was truncated: it has %s, and the volume on it %s; give it back its size"
                                .formatted(
                                        device.name(),
                                        SizeText.exact(blocks * Block.SIZE),
                                        SizeText.exact(before * Block.SIZE))
                        : "%s: the volume has %s; it can grow, and cannot shrink to %s"
                                .formatted(
                                        device.name(),
                                        SizeText.exact(before * Block.SIZE),
                                        SizeText.exact(blocks * Block.SIZE)));
    }

    private static long requirePossible(long blocks) throws HoldfastException {
        if (blocks > Superblock.MAX_BLOCKS) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "a volume of %s is too large; it may have at most %s"
                            .formatted(
                                    SizeText.exact(blocks * Block.SIZE),
                                    SizeText.exact(Superblock.MAX_BLOCKS * Block.SIZE)));
        }
        return blocks;
    }

    private void grow(Superblock before, Layout larger, Checkpointer checkpointer) throws HoldfastException {
        var _ = GroupMemory.require(device.name(), larger, memory);
        try {
            if (before.features().arePreallocated()) {
                device.preallocate(before.blocks(), larger.blocks(), done -> {});
            } else {
                device.grow(larger.blocks());
            }
        } catch (HoldfastException e) {
            throw refusedByHost(e);
        }
        checkpointer.grow(larger);
        long now = checkpointer.checkpoints().superblock().blocks();
        // An earlier growth that waited for room on the host may have come first.
        requireNotSmaller(larger.blocks(), now, false);
        if (now < larger.blocks()) {
            throw new HoldfastException(ErrorCode.CLOSED, device.name() + " was closed before it grew");
        }
    }

    /** Returns the error for callers that ask for space of the host. */
    static HoldfastException refusedByHost(HoldfastException error) {
        return error.code() == ErrorCode.HOST_FULL
                ? new HoldfastException(ErrorCode.NO_SPACE, String.valueOf(error.getMessage()), error)
                : error;
    }
}
