package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;

/** The checks that every {@link Device} makes before it touches memory or medium. */
public final class DeviceChecks {
    private static final Thread OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

    private DeviceChecks() {}

    /**
     * Returns whether a device can transfer to or from this memory, on a thread of its own if need be: one or more
     * whole blocks of native memory, aligned to a block, that any thread may use.
     */
    public static boolean suitable(MemorySegment memory) {
        return memory.isNative()
                && memory.byteSize() > 0
                && memory.byteSize() % Block.SIZE == 0
                && memory.address() % Block.SIZE == 0
                && shared(memory);
    }

    /** Returns whether any thread may use this memory. */
    public static boolean shared(MemorySegment memory) {
        return memory.isAccessibleBy(OTHER_THREAD);
    }

    /**
     * Returns how many blocks {@code target} holds.
     *
     * @throws IllegalArgumentException if it is read-only or not {@link #suitable}
     */
    public static long requireTarget(MemorySegment target) {
        if (!suitable(target) || target.isReadOnly()) {
            throw new IllegalArgumentException(
                    "a device reads into writable, shared, native memory of whole aligned blocks, not into " + target);
        }
        return target.byteSize() / Block.SIZE;
    }

    /** Throws {@code DEVICE_ERROR} if the range does not lie within the device. */
    public static void requireInside(Device device, long block, long count) throws HoldfastException {
        if (block < 0 || count < 0 || block > device.blocks() - count) {
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR,
                    "%s: blocks %d to %d lie outside the device, which has %d blocks"
                            .formatted(device.name(), block, block + count - 1, device.blocks()));
        }
    }

    /** Throws unless a buffer of {@code blocks} blocks has {@code count} blocks, at least 1, from {@code from} on. */
    public static void requirePart(int blocks, int from, int count) {
        if (from < 0 || count < 1 || from > blocks - count) {
            throw new IllegalArgumentException(
                    "no blocks %d to %d in a buffer of %d".formatted(from, from + count - 1, blocks));
        }
    }
}
