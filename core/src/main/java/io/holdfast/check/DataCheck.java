package io.holdfast.check;

import io.holdfast.checksum.Checksum;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.Mapping;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads data blocks and verifies them. Gathers very many blocks, and reads them in the order of the device: blocks that were
 * written at random places of a file lie side by side there. While one batch is read, the next one is gathered.
 *
 * <p>Nothing keeps the blocks from being used again meanwhile. So a block that is bad is only <em>doubtful</em>: {@link
 * SecondLook} finds out whether the file still has it. Used by one thread, which closes this.
 */
final class DataCheck implements AutoCloseable {
    /** The cells of blocks with which a walk may come that was told to stop. */
    private static final int SLACK = DataBatch.CELLS_EACH * MapEntry.FANOUT;
    /** Two wanted blocks at most so far apart share one read: a solid state disk takes about as long for six blocks more as for one more read. */
    private static final int GAP_MAX = 8;
    /**
     * Cells of the first batch: it is small, so that its reading begins soon. Each later one may have twice as many. Where blocks lie scattered, only very
     * many of them lie close together, so such a batch is as large as can be from the beginning.
     */
    private static final int FIRST_BATCH = 1 << 14;

    private final BlockStore store;
    private final Checksum checksum;
    private final CheckReaders readers;
    private final SecondLook secondLook;
    private final Findings findings;
    private final Runnable progress;
    private final int max;
    private final Arena memory;

    /** Cells of the next batch, unless its blocks lie scattered. */
    private int wanted;

    private @Nullable DataBatch gathered;
    private @Nullable DataBatch spare;
    private @Nullable Reading reading;

    /**
     * @param store whose reads wait while the job is paused: nobody waits for what is read here
     * @param findings takes what was verified; doubtful blocks go to {@code secondLook}
     * @param progress called now and then, by the thread that uses this
     * @param max cells of one batch
     * @param memory where two batches lie, once they are needed
     */
    DataCheck(
            BlockStore store,
            Checksum checksum,
            CheckReaders readers,
            SecondLook secondLook,
            Findings findings,
            Runnable progress,
            int max,
            Arena memory) {
        this.store = store;
        this.checksum = checksum;
        this.readers = readers;
        this.secondLook = secondLook;
        this.findings = findings;
        this.progress = progress;
        this.max = Math.clamp(max, 2 * SLACK, DataBatch.CELLS_MAX);
        this.wanted = Math.min(this.max, FIRST_BATCH);
        this.memory = memory;
    }

    /** Adds a block. The caller has asked {@link #isFull}, at least once for the entries of a node. */
    void block(long inode, long fileBlock, Mapping mapping) {
        batch().add(inode, fileBlock, mapping);
    }

    private DataBatch batch() {
        DataBatch batch = gathered;
        if (batch == null) {
            batch = spare == null ? new DataBatch(max, memory) : spare;
            spare = null;
            gathered = batch;
        }
        return batch;
    }

    /** Returns whether a walk that gathers blocks is to stop, and the caller to begin to read. */
    boolean isFull() {
        return room() <= 0;
    }

    /** Returns how many blocks a walk may gather at most before it is to stop. */
    int room() {
        DataBatch batch = gathered;
        return batch == null ? wanted - SLACK : (batch.isScattered() ? max : wanted) - SLACK - batch.size();
    }

    /** Returns what is gathered, for {@link #truncate}. */
    DataBatch.Mark mark() {
        return gathered == null ? DataBatch.Mark.EMPTY : gathered.mark();
    }

    /** Forgets the blocks gathered since. */
    void truncate(DataBatch.Mark to) {
        if (gathered != null) {
            gathered.truncate(to);
        }
    }

    /** Returns how many blocks were added and not read yet. */
    long waiting() {
        Reading now = reading;
        return (long) mark().blocks() + (now == null ? 0 : now.waiting());
    }

    /** Begins to read what is gathered, once the batch before is done. The caller pins nothing. */
    void startReading() {
        DataBatch batch = gathered;
        if (batch == null) {
            return;
        }
        gathered = null;
        Reading before = reading;
        Reading next = new Reading(batch); // While the one before is being read.
        if (before != null) {
            before.finish();
        }
        Inject.at(Point.CHECK_DATA_GATHERED);
        next.begin();
        reading = next;
        wanted = Math.min(max, wanted * 2);
        if (before != null) {
            settle(before);
        }
    }

    private void settle(Reading ended) {
        spare = ended.settle();
    }

    /** Verifies everything gathered, and returns when that is done. */
    void finish() {
        startReading();
        Reading last = reading;
        if (last != null) {
            last.finish();
            reading = null;
            settle(last);
        }
    }

    /** Ends what is still being read; whoever closes this early has an error already. */
    @Override
    public void close() {
        Reading left = reading;
        if (left != null) {
            left.abandon();
            reading = null;
        }
    }

    /** The reading of one batch. */
    private final class Reading {
        private final DataBatch batch;
        /** The rank of the first block of each read, and the end of the last one. */
        private final int[] runs;

        private CheckReaders.@Nullable Round round;
        private final Thread owner = Thread.currentThread();
        private final ReentrantLock lock = new ReentrantLock();
        private final Doubts doubts = new Doubts();
        private long verified;
        private long unverified;
        private int read;

        Reading(DataBatch batch) {
            this.batch = batch;
            batch.sort();
            this.runs = runs();
        }

        void begin() {
            round = readers.begin(runs.length - 1, this::read);
        }

        private int[] runs() {
            int[] starts = new int[Math.min(batch.blocks(), 1024) + 1];
            int count = 0;
            for (int from = 0; from < batch.blocks(); from = runEnd(from)) {
                if (count + 1 == starts.length) {
                    starts = Arrays.copyOf(starts, starts.length * 2);
                }
                starts[count++] = from;
            }
            starts[count] = batch.blocks();
            return Arrays.copyOf(starts, count + 1);
        }

        /** Returns the end of the blocks that go into one read. */
        private int runEnd(int from) {
            long first = batch.blockAt(from);
            int to = from + 1;
            // A block that is wanted twice (a fault) is read twice: the two may expect different checksums.
            while (to < batch.blocks()
                    && batch.blockAt(to) != batch.blockAt(to - 1)
                    && batch.blockAt(to) - batch.blockAt(to - 1) <= GAP_MAX
                    && batch.blockAt(to) - first < readers.blocksMax()) {
                to++;
            }
            return to;
        }

        int waiting() {
            lock.lock();
            try {
                return batch.blocks() - read;
            } finally {
                lock.unlock();
            }
        }

        private void read(int run, MemorySegment target) {
            int from = runs[run];
            int to = runs[run + 1];
            long first = batch.blockAt(from);
            int count = (int) (batch.blockAt(to - 1) - first + 1);
            int[] indexes = new int[count];
            Arrays.fill(indexes, -1);
            for (int rank = from; rank < to; rank++) {
                indexes[(int) (batch.blockAt(rank) - first)] = batch.indexAt(rank);
            }
            Answer answer = store.read(
                    BlockStore.Kind.DATA,
                    first,
                    target.asSlice(0, (long) count * Block.SIZE),
                    (index, data, offset) -> indexes[index] < 0 || isGood(batch.mapping(indexes[index]), data, offset));
            take(from, to, first, answer);
            if (Thread.currentThread().equals(owner)) {
                progress.run();
            }
        }

        private boolean isGood(Mapping mapping, MemorySegment data, long offset) {
            return !mapping.isChecksummed() || checksum.of(data, offset, Block.SIZE) == mapping.checksum();
        }

        private void take(int from, int to, long first, Answer answer) {
            lock.lock();
            try {
                for (int rank = from; rank < to; rank++) {
                    int index = batch.indexAt(rank);
                    if (!answer.isGood((int) (batch.blockAt(rank) - first))) {
                        doubts.add(index);
                    } else if (batch.mapping(index).isChecksummed()) {
                        verified++;
                    } else {
                        unverified++;
                    }
                }
                read += to - from;
            } finally {
                lock.unlock();
            }
        }

        /** Returns when all is read. */
        void finish() {
            CheckReaders.Round begun = round;
            if (begun != null) {
                begun.finish();
            }
        }

        /** Adds up what was found; returns the batch, empty. */
        DataBatch settle() {
            findings.blocksVerified += verified;
            findings.blocksUnverified += unverified;
            secondLook.look(batch, doubts.sorted());
            batch.clear();
            return batch;
        }

        void abandon() {
            CheckReaders.Round begun = round;
            if (begun != null) {
                begun.abandon();
            }
        }
    }

    /** Indexes of doubtful blocks. */
    private static final class Doubts {
        private int[] indexes = {};
        private int size;

        void add(int index) {
            if (size == indexes.length) {
                indexes = Arrays.copyOf(indexes, Math.max(16, size * 2));
            }
            indexes[size++] = index;
        }

        int[] sorted() {
            int[] all = Arrays.copyOf(indexes, size);
            Arrays.sort(all);
            return all;
        }
    }
}
