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
    public boolean start(long block, MemorySegment target, Ended ended) {
        long bytes = target.byteSize();
        boolean inside =
                block >= 0 && bytes <= FileDevice.TRANSFER_BYTES_MAX && block <= device.blocks() - bytes / Block.SIZE;
        return inside
                && DeviceChecks.suitable(target)
                && !target.isReadOnly()
                && reads.start(target, block * Block.SIZE, count -> ended.ended(count == bytes));
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
