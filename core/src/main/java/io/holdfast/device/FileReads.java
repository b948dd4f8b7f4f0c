package io.holdfast.device;

import io.holdfast.format.Block;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A queue of reads of whole blocks of a {@link FileDevice}. */
final class FileReads implements DeviceReads {
    private static final System.Logger LOG = System.getLogger(FileDevice.class.getName());

    private final FileDevice device;
    private final BlockReads reads;

    FileReads(FileDevice device, BlockReads reads) {
        this.device = device;
        this.reads = reads;
    }

    @Override
    public boolean start(long block, MemorySegment[] targets, Ended ended) {
        if (targets.length > PARTS_MAX) {
            return false;
        }
        long bytes = DeviceReads.bytes(targets);
        boolean inside =
                block >= 0 && bytes <= FileDevice.TRANSFER_BYTES_MAX && block <= device.blocks() - bytes / Block.SIZE;
        return inside
                && areSuitable(targets)
                && reads.start(targets, block * Block.SIZE, count -> ended.ended(count == bytes));
    }

    private static boolean areSuitable(MemorySegment[] targets) {
        for (MemorySegment target : targets) {
            if (!DeviceChecks.suitable(target) || target.isReadOnly()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        try {
            reads.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, device.name() + ": cannot close a queue of reads", e);
        }
    }
}
