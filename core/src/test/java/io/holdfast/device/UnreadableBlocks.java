package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A device with blocks that cannot be read: a number of times, or for ever. All else goes through. */
public final class UnreadableBlocks extends ForwardingDevice {
    /** How often the reading of a block still fails. */
    private final Map<Long, Integer> failures = new ConcurrentHashMap<>();

    public UnreadableBlocks(Device device) {
        super(device);
    }

    /** The block fails so many reads from now on; 0 for none. */
    public UnreadableBlocks fail(long block, int times) {
        failures.put(block, times);
        return this;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        for (long b = block; b < block + target.byteSize() / Block.SIZE; b++) {
            boolean[] fails = {false};
            failures.computeIfPresent(b, (_, left) -> {
                fails[0] = left > 0;
                return left == Integer.MAX_VALUE ? left : Math.max(0, left - 1);
            });
            if (fails[0]) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, "cannot read block " + b + ": injected");
            }
        }
        super.read(block, target);
    }
}
