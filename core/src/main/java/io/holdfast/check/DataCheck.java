package io.holdfast.check;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.error.HoldfastException;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads data blocks and verifies them, side by side ones in one read. Used by one thread; must be {@link #finish}ed.
 */
final class DataCheck {
    private final Device device;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final Findings findings;
    private final List<Pending> run = new ArrayList<>();

    private record Pending(long inode, long fileBlock, Mapping mapping) {}

    DataCheck(Device device, Checksum checksum, BufferPool buffers, Findings findings) {
        this.device = device;
        this.checksum = checksum;
        this.buffers = buffers;
        this.findings = findings;
    }

    void block(long inode, long fileBlock, Mapping mapping) {
        boolean adjacent = !run.isEmpty()
                && run.getLast().mapping.block() + 1 == mapping.block()
                && run.size() < buffers.blocksPerBuffer();
        if (!adjacent) {
            finish();
        }
        run.add(new Pending(inode, fileBlock, mapping));
    }

    /** Verifies what is left. */
    void finish() {
        if (run.isEmpty()) {
            return;
        }
        MemorySegment memory = buffers.takeMemory();
        try {
            verify(run, memory);
        } finally {
            buffers.giveBackMemory(memory);
            run.clear();
        }
    }

    private void verify(List<Pending> blocks, MemorySegment memory) {
        try {
            device.read(blocks.getFirst().mapping.block(), memory.asSlice(0, (long) blocks.size() * Device.BLOCK_SIZE));
        } catch (HoldfastException e) {
            if (blocks.size() == 1) {
                report(blocks.getFirst(), String.valueOf(e.getMessage()));
                return;
            }
            blocks.forEach(block -> verify(List.of(block), memory));
            return;
        }
        for (int i = 0; i < blocks.size(); i++) {
            Pending block = blocks.get(i);
            if (!block.mapping.isChecksummed()) {
                findings.blocksUnverified++;
            } else if (checksum.of(memory, (long) i * Device.BLOCK_SIZE, Device.BLOCK_SIZE)
                    == block.mapping.checksum()) {
                findings.blocksVerified++;
            } else {
                report(block, "it does not match its checksum");
            }
        }
    }

    private void report(Pending block, String why) {
        findings.add(
                "data",
                block.mapping.block(),
                "inode %d, offset %s: block %d: %s"
                        .formatted(
                                block.inode,
                                Long.toUnsignedString(block.fileBlock * Device.BLOCK_SIZE),
                                block.mapping.block(),
                                why));
    }
}
