package io.holdfast.check;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.mapping.Mapping;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads data blocks and verifies them. Gathers blocks and reads them in the order of the device, not of the file:
 * blocks written at random places lie side by side there. Used by one thread; must be {@link #finish}ed.
 */
final class DataCheck {
    /** Blocks gathered before they are sorted and read: some 10 MiB of heap. */
    private static final int GATHERED_MAX = 1 << 17;
    /** Two wanted blocks at most so far apart share one read. */
    private static final int GAP_MAX = 8;

    private final BlockStore store;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final Findings findings;
    private final List<Pending> gathered = new ArrayList<>();

    /** Makes a check of data that reports to {@code findings}. */
    interface Maker {
        DataCheck make(Findings findings);
    }

    private record Pending(long inode, long fileBlock, Mapping mapping) {
        long block() {
            return mapping.block();
        }
    }

    DataCheck(BlockStore store, Checksum checksum, BufferPool buffers, Findings findings) {
        this.store = store;
        this.checksum = checksum;
        this.buffers = buffers;
        this.findings = findings;
    }

    void block(long inode, long fileBlock, Mapping mapping) {
        gathered.add(new Pending(inode, fileBlock, mapping));
        if (gathered.size() == GATHERED_MAX) {
            finish();
        }
    }

    /** Verifies the gathered blocks. */
    void finish() {
        if (gathered.isEmpty()) {
            return;
        }
        gathered.sort(Comparator.comparingLong(Pending::block));
        MemorySegment memory = buffers.takeMemory();
        try {
            int from = 0;
            while (from < gathered.size()) {
                int to = groupEnd(from);
                verify(gathered.subList(from, to), memory);
                from = to;
            }
        } finally {
            buffers.giveBackMemory(memory);
            gathered.clear();
        }
    }

    /** Returns the end of the blocks that go into one read. */
    private int groupEnd(int from) {
        long first = gathered.get(from).block();
        int to = from + 1;
        // A block that is wanted twice (a fault) is read twice: the two may expect different checksums.
        while (to < gathered.size()
                && gathered.get(to).block() != gathered.get(to - 1).block()
                && gathered.get(to).block() - gathered.get(to - 1).block() <= GAP_MAX
                && gathered.get(to).block() - first < buffers.blocksPerBuffer()) {
            to++;
        }
        return to;
    }

    private void verify(List<Pending> blocks, MemorySegment memory) {
        long first = blocks.getFirst().block();
        int count = (int) (blocks.getLast().block() - first + 1);
        @Nullable Pending[] wanted = new Pending[count];
        for (Pending block : blocks) {
            wanted[(int) (block.block() - first)] = block;
        }
        Answer answer = store.read(
                BlockStore.Kind.DATA, first, memory.asSlice(0, (long) count * Block.SIZE), (index, read, offset) -> {
                    Pending block = wanted[index];
                    return block == null
                            || !block.mapping.isChecksummed()
                            || checksum.of(read, offset, Block.SIZE) == block.mapping.checksum();
                });
        for (Pending block : blocks) {
            int index = (int) (block.block() - first);
            HoldfastException error = answer.error(index);
            if (error != null) {
                report(block, String.valueOf(error.getMessage()));
            } else if (!answer.isGood(index)) {
                report(block, "it does not match its checksum");
            } else if (block.mapping.isChecksummed()) {
                findings.blocksVerified++;
            } else {
                findings.blocksUnverified++;
            }
        }
    }

    private void report(Pending block, String why) {
        findings.add(
                "data",
                block.block(),
                block.inode,
                "inode %d, offset %s: %s"
                        .formatted(block.inode, Long.toUnsignedString(block.fileBlock * Block.SIZE), why));
    }
}
