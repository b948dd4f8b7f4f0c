package io.holdfast.check;

import io.holdfast.checksum.Checksum;
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
 * blocks written at random places lie side by side there. Several reads are under way at once. Used by one thread; must be
 * {@link #finish}ed.
 */
final class DataCheck {
    /** Blocks gathered before they are sorted and read: some 10 MiB of heap. */
    private static final int GATHERED_MAX = 1 << 17;
    /** Runs whose findings are held at once. */
    private static final int RUNS_MAX = 4096;
    /** Two wanted blocks at most so far apart share one read. */
    private static final int GAP_MAX = 16;

    private final BlockStore store;
    private final Checksum checksum;
    private final CheckReaders readers;
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

    DataCheck(BlockStore store, Checksum checksum, CheckReaders readers, Findings findings) {
        this.store = store;
        this.checksum = checksum;
        this.readers = readers;
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
        gathered.sort(Comparator.comparingLong(Pending::block));
        List<List<Pending>> runs = new ArrayList<>();
        for (int from = 0; from < gathered.size(); ) {
            int to = groupEnd(from);
            runs.add(gathered.subList(from, to));
            from = to;
            if (runs.size() == RUNS_MAX || from == gathered.size()) {
                verify(runs);
                runs.clear();
            }
        }
        gathered.clear();
    }

    /** Verifies runs, several at a time; takes their findings in the order of the device. */
    private void verify(List<List<Pending>> runs) {
        Findings[] found = new Findings[runs.size()];
        readers.read(runs.size(), (index, memory) -> {
            Findings ofRun = new Findings();
            verify(runs.get(index), memory, ofRun);
            found[index] = ofRun;
        });
        for (Findings ofRun : found) {
            findings.addAll(ofRun);
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
                && gathered.get(to).block() - first < readers.blocksMax()) {
            to++;
        }
        return to;
    }

    private void verify(List<Pending> blocks, MemorySegment memory, Findings found) {
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
            take(block, answer, (int) (block.block() - first), found);
        }
    }

    private static void take(Pending block, Answer answer, int index, Findings found) {
        HoldfastException error = answer.error(index);
        if (error != null) {
            report(found, block, String.valueOf(error.getMessage()));
        } else if (!answer.isGood(index)) {
            report(found, block, "it does not match its checksum");
        } else if (block.mapping.isChecksummed()) {
            found.blocksVerified++;
        } else {
            found.blocksUnverified++;
        }
    }

    private static void report(Findings found, Pending block, String why) {
        found.add(
                "data",
                block.block(),
                block.inode,
                "inode %d, offset %s: %s"
                        .formatted(block.inode, Long.toUnsignedString(block.fileBlock * Block.SIZE), why));
    }
}
