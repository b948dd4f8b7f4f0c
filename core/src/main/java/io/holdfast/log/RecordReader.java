package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntries;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.log.TwinReader.Copy;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockCheck;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads single records of a log: headers, many at a time where they lie close together; payloads; and the data, to verify
 * it. Takes any content.
 */
final class RecordReader {
    /** While headers lie close together, the reader reads so many blocks at a time. */
    static final int WINDOW_BLOCKS = 64;
    /** Reading a window pays if records lie at most so far apart. */
    private static final int CLOSE_BLOCKS = 40;

    private final BlockStore store;
    private final long volume;
    private final Checksum checksum;
    private final Layout layout;
    private final BufferPool buffers;
    private final Problems problems;
    private final TwinReader twins;

    /** Blocks of headers whose twins are newer. Each takes a write that the device has lost. */
    private final Set<Long> stale = new HashSet<>();

    private final TwinReader.Judge<LogRecord> headerJudge = new TwinReader.Judge<>() {
        @Override
        public boolean agree(LogRecord first, LogRecord second) {
            // Both positions have the checksum of all that their header says.
            return first.next().previousChecksum() == second.next().previousChecksum();
        }

        @Override
        public boolean isSecondNewer(LogRecord first, LogRecord second) {
            return isNewer(first, second);
        }
    };

    private byte[][] window = new byte[0][];
    private long windowStart;
    private long lastHeader = Long.MIN_VALUE / 2;
    private @Nullable HeaderAhead ahead;

    /** Learns what is wrong with the log. */
    interface Problems {
        void found(long block, String message);

        /**
         * Learns of a block that cannot be read and in which a header, or the twin of one, may be or not.
         */
        void mayHide(long block, String message);

        /**
         * Learns that one of two copies is not good, and the other one is. If the record was never flushed, it may not have
         * been written.
         *
         * @param what the copy is of
         */
        void oneOfTwo(long sequence, long block, String what, String why);

        /** Learns that the device brings neither of two copies: nobody can tell whether they are there. */
        void neither(TwinReader.Twins twins, String why);
    }

    /**
     * @param volume the mark of the volume
     * @param buffers of at least {@value #WINDOW_BLOCKS} blocks
     */
    RecordReader(
            BlockStore store, long volume, Checksum checksum, Layout layout, BufferPool buffers, Problems problems) {
        this.store = store;
        this.volume = volume;
        this.checksum = checksum;
        this.layout = layout;
        this.buffers = buffers;
        this.problems = problems;
        this.twins = new TwinReader(problems);
    }

    /** Makes it read also those copies that are not needed, to find out whether they are good. */
    void readBoth() {
        twins.readBoth();
    }

    // ---- headers ----

    /**
     * Returns the record that belongs at a position, if its header or the twin of that is there.
     *
     * @throws HoldfastException if the header is whole and makes no sense
     */
    Optional<LogRecord> header(LogPosition at) throws HoldfastException {
        if (!layout.isAllocatable(at.block()) || !layout.isAllocatable(at.twin())) {
            return Optional.empty();
        }
        return Optional.ofNullable(twins.read(twinsAt(at), (block, anew) -> headerCopy(at, block, anew), headerJudge));
    }

    private static TwinReader.Twins twinsAt(LogPosition at) {
        return new TwinReader.Twins(at.sequence(), at.block(), at.twin(), "its header", true);
    }

    /**
     * Looks at the other copy of a header that {@link #header} has returned.
     *
     * @return whether that is whole and newer. Then {@link #header} returns it from now on
     */
    boolean hasNewerTwin(LogPosition at, LogRecord taken) {
        if (stale.contains(at.block())) {
            return false;
        }
        LogRecord other;
        try {
            other = headerCopy(at, at.twin(), true).content();
        } catch (HoldfastException e) {
            // Whole without making sense: no copy of a record that was written.
            return false;
        }
        if (other == null
                || headerJudge.agree(taken, other)
                || headerJudge.agree(taken, twins.chosen(twinsAt(at), taken, other, headerJudge))) {
            return false;
        }
        stale.add(at.block());
        return true;
    }

    /**
     * Returns whether the other of two records for one place was written later. A mount record takes the place of the first record that
     * recovery dropped, and nobody writes another kind of record over a mount record. If both are of mounts, the later one is that which
     * has a record behind it.
     */
    private boolean isNewer(LogRecord record, LogRecord other) {
        if (record.beginsMount() != other.beginsMount()) {
            return other.beginsMount();
        }
        return !hasNext(record) && hasNext(other);
    }

    private boolean hasNext(LogRecord record) {
        LogPosition next = record.next();
        try {
            return headerCopy(next, next.block(), true).content() != null
                    || headerCopy(next, next.twin(), true).content() != null;
        } catch (HoldfastException e) {
            return false;
        }
    }

    private Copy<LogRecord> headerCopy(LogPosition at, long block, boolean anew) throws HoldfastException {
        if (block == at.block() && stale.contains(block)) {
            return Copy.wrong();
        }
        byte[] bytes;
        try {
            bytes = anew ? read(block, BlockCheck.NONE) : block(block);
        } catch (HoldfastException e) {
            return Copy.unreadable(e);
        }
        if (LogRecord.logIdOf(bytes) != at.logId()) {
            return Copy.wrong();
        }
        return LogRecord.decode(bytes, block, volume, checksum, layout)
                .filter(r -> isAt(at, r))
                .map(Copy::of)
                .orElseGet(Copy::wrong);
    }

    private static boolean isAt(LogPosition at, LogRecord record) {
        return record.sequence() == at.sequence()
                && record.previousChecksum() == at.previousChecksum()
                && record.block() == at.block()
                && record.twin() == at.twin();
    }

    /** Returns the record whose header, or the twin of it, is in a block, of whatever mount. A search reads block after block. */
    Optional<LogRecord> anyHeader(long block) {
        if (!layout.isAllocatable(block)) {
            return Optional.empty();
        }
        try {
            return LogRecord.decode(block(block), block, volume, checksum, layout);
        } catch (HoldfastException e) {
            problems.mayHide(block, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** Says which header will be wanted next, so that it can be read meanwhile. Ended by {@link #endAhead}. */
    void expect(long block) {
        if (isInWindow(block) || isClose(block) || !layout.isAllocatable(block)) {
            return;
        }
        HeaderAhead reads = ahead;
        if (reads == null) {
            reads = new HeaderAhead(store);
            ahead = reads;
        }
        reads.ask(block);
    }

    /** Ends what {@link #expect} has begun. */
    void endAhead() {
        HeaderAhead reads = ahead;
        if (reads != null) {
            ahead = null;
            reads.close();
        }
    }

    private boolean isInWindow(long block) {
        return block >= windowStart && block < windowStart + window.length;
    }

    private boolean isClose(long block) {
        return Math.abs(block - lastHeader) <= CLOSE_BLOCKS;
    }

    private byte[] block(long block) throws HoldfastException {
        boolean close = isClose(block);
        lastHeader = block;
        if (isInWindow(block)) {
            return window[(int) (block - windowStart)];
        }
        int count = close ? (int) Math.min(WINDOW_BLOCKS, layout.blocks() - block) : 1;
        byte[][] more = count == 1 ? null : readAhead(block, count);
        window = more == null ? new byte[][] {single(block)} : more;
        windowStart = block;
        return window[0];
    }

    private byte[] single(long block) throws HoldfastException {
        HeaderAhead reads = ahead;
        byte[] known = reads == null ? null : reads.take(block);
        return known == null ? read(block, BlockCheck.NONE) : known;
    }

    /** Reads blocks: the first is wanted, the others may be. Returns null if one read does not bring them all. */
    private byte @Nullable [][] readAhead(long block, int count) {
        MemorySegment memory = buffers.takeMemory();
        try {
            if (!store.readAhead(BlockStore.Kind.LOG, block, memory.asSlice(0, (long) count * Block.SIZE))) {
                return null;
            }
            byte[][] blocksRead = new byte[count][Block.SIZE];
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, (long) i * Block.SIZE, blocksRead[i], 0, Block.SIZE);
            }
            return blocksRead;
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Reads one block, whether or not it is good. */
    private byte[] read(long block, BlockCheck check) throws HoldfastException {
        MemorySegment memory = buffers.takeMemory();
        try {
            HoldfastException error = store.read(BlockStore.Kind.LOG, block, memory.asSlice(0, Block.SIZE), check)
                    .error(0);
            if (error != null) {
                throw error;
            }
            byte[] bytes = new byte[Block.SIZE];
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
            return bytes;
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    // ---- what headers point to ----

    /** Returns the entries, with each payload replaced by its content; empty if a payload is not whole. */
    Optional<List<LogEntry>> entries(LogRecord record) {
        List<LogEntry> all = new ArrayList<>();
        for (LogEntry entry : record.entries()) {
            if (!(entry instanceof LogEntry.Payload payload)) {
                all.add(entry);
                continue;
            }
            byte[] bytes = payload(record, payload);
            if (bytes == null) {
                return Optional.empty();
            }
            try {
                all.addAll(LogEntries.decode(bytes, record.block(), layout));
            } catch (HoldfastException e) {
                problems.found(record.block(), String.valueOf(e.getMessage()));
                return Optional.empty();
            }
        }
        return Optional.of(all);
    }

    private byte @Nullable [] payload(LogRecord record, LogEntry.Payload payload) {
        byte[] bytes = new byte[payload.bytes()];
        int at = 0;
        for (LogEntry.PayloadBlock each : payload.blocks()) {
            byte[] block = payloadBlock(record, each);
            if (block == null) {
                return null;
            }
            int n = Math.min(block.length, bytes.length - at);
            System.arraycopy(block, 0, bytes, at, n);
            at += n;
        }
        return bytes;
    }

    /** Returns the content of a block of a payload; null if it is nowhere. */
    byte @Nullable [] payloadBlock(LogRecord record, LogEntry.PayloadBlock wanted) {
        TwinReader.Twins where =
                new TwinReader.Twins(record.sequence(), wanted.block(), wanted.twin(), "a block of its payload", false);
        return twins.read(where, (block, _) -> payloadCopy(block, wanted.checksum()), TwinReader.Judge.always());
    }

    private Copy<byte[]> payloadCopy(long block, long expected) {
        try {
            byte[] bytes = read(block, (index, read, offset) -> checksum.of(read, offset, Block.SIZE) == expected);
            return checksum.of(bytes) == expected ? Copy.of(bytes) : Copy.wrong();
        } catch (HoldfastException e) {
            return Copy.unreadable(e);
        }
    }

    /**
     * Looks for all data that entries prove. Reads what lies side by side at once. Only what the device brings can show that the write of a record did
     * not come to its end.
     */
    DataState data(List<LogEntry> entries) {
        DataState state = DataState.WHOLE;
        List<LogEntry.Extent> side = new ArrayList<>();
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent && extent.proven()) {
                if (!side.isEmpty() && end(side.getLast()) != extent.block()) {
                    state = state.and(state(side));
                    if (state.isTorn()) {
                        return state;
                    }
                    side.clear();
                }
                side.add(extent);
            }
        }
        return side.isEmpty() ? state : state.and(state(side));
    }

    private static long end(LogEntry.Extent extent) {
        return extent.block() + extent.count();
    }

    /** Verifies extents that lie side by side. */
    private DataState state(List<LogEntry.Extent> side) {
        long start = side.getFirst().block();
        long[] checksums = side.stream()
                .flatMapToLong(extent -> Arrays.stream(extent.checksums()))
                .toArray();
        DataState state = DataState.WHOLE;
        for (int from = 0; from < checksums.length && !state.isTorn(); from += WINDOW_BLOCKS) {
            state = state.and(state(start + from, checksums, from, Math.min(WINDOW_BLOCKS, checksums.length - from)));
        }
        return state;
    }

    /** Reads some blocks at once and verifies them. */
    private DataState state(long block, long[] checksums, int from, int count) {
        MemorySegment memory = buffers.takeMemory();
        try {
            Answer answer = store.read(
                    BlockStore.Kind.LOG,
                    block,
                    memory.asSlice(0, (long) count * Block.SIZE),
                    (index, read, offset) -> checksum.of(read, offset, Block.SIZE) == checksums[from + index]);
            DataState state = DataState.WHOLE;
            for (int i = answer.nextBad(0); i >= 0; i = answer.nextBad(i + 1)) {
                HoldfastException error = answer.error(i);
                state = state.and(
                        error == null || Inject.off(Guard.UNREADABLE_IS_NOT_ABSENT)
                                ? DataState.TORN
                                : DataState.unreadable(block + i, String.valueOf(error.getMessage())));
            }
            return state;
        } finally {
            buffers.giveBackMemory(memory);
        }
    }
}
