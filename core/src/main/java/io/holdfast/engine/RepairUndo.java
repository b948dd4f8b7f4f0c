package io.holdfast.engine;

import io.holdfast.checkpoint.Superblocks;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.store.BlockStore;

/**
 * Goes back to the checkpoint before that of a repair. All that it needs is still on the device, as long as the newest superblock says that a repair
 * wrote it: opening for writing writes another one before anything else.
 *
 * <p>The old superblock gets a new generation, and is written over itself. So a crash leaves the repaired volume or that of before.
 */
final class RepairUndo {
    private static final int BUFFERS = 2;

    private RepairUndo() {}

    /**
     * Undoes a repair, durably.
     *
     * @throws HoldfastException {@code NOT_FOUND} if there is none to undo; {@code DAMAGED} if the old superblock cannot be read
     */
    static void run(Device device, int groupLog2) throws HoldfastException {
        try (BufferPool buffers = new BufferPool(BUFFERS, 1)) {
            Superblocks superblocks = new Superblocks(new BlockStore(device), buffers, groupLog2);
            Superblocks.Found found = superblocks.read();
            found.requireNewest(device.name());
            Superblock newest = found.superblock();
            if (!newest.repaired()) {
                throw new HoldfastException(
                        ErrorCode.NOT_FOUND,
                        device.name()
                                + ": there is no repair to undo: none was made, or it is too late, since the volume was opened for writing after it");
            }
            Superblock before = superblocks
                    .before(newest)
                    .orElseThrow(
                            () -> new HoldfastException(
                                    ErrorCode.DAMAGED,
                                    device.name()
                                            + ": the superblock of before the repair cannot be read in any copy, so the repair stays"));
            superblocks.write(before.after(newest));
            device.flush();
        } catch (OutOfMemoryError e) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY, device.name() + ": there is not enough memory to undo the repair", e);
        }
    }
}
