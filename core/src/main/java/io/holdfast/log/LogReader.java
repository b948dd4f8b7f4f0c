package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockCheck;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log back after a crash, by the durable-through rule.
 *
 * <p>Each record says up to which sequence number S the log had been flushed when the record was written. Records up to
 * the greatest S were promised to someone: their headers must be there. Their data is not read here: if a block has
 * rotted since, its reader gets an error, but the record counts. Behind S the first record whose header or data is not
 * whole ends the log: nothing there was promised.
 *
 * <p>A damaged header hides the records behind it. So before the reader takes it for the torn end, it searches the
 * log's current run and the spare one for later records, and follows the log from each. If one of them says that the
 * damaged record was durable, the log is corrupt.
 */
public final class LogReader {
    /** While headers lie close together, the reader reads so many blocks at a time. */
    private static final int WINDOW_BLOCKS = 64;
    /** Reading a window pays if records lie at most so far apart. */
    private static final int CLOSE_BLOCKS = 16;
    /**
     * A volume of up to 128 MiB is searched as a whole: its runs are so short that one record can fill both runs that
     * the record before it names.
     */
    private static final long SEARCHED_WHOLE_BLOCKS_MAX = 32768;

    private final BlockStore store;
    private final Checksum checksum;
    private final Layout layout;
    private final BufferPool buffers;
    private final Sink sink;

    private final ArrayDeque<LogRecord> undecided = new ArrayDeque<>();
    private final List<Problem> problems = new ArrayList<>();
    /** Sequence numbers of the records behind a missing one that the search has seen. */
    private final Set<Long> found = new HashSet<>();

    private long durableThrough;
    private long records;
    private long blocks;
    private boolean dropped;
    private boolean corrupt;
    /** A record that counts could not be applied, so none behind it may be. */
    private boolean stopped;

    private byte[][] window = new byte[0][];
    private long windowStart;

    /** Takes the records that count, in order. */
    public interface Sink {
        /**
         * Applies a record.
         *
         * @param entries its entries, with each payload replaced by its content
         */
        void record(LogRecord record, List<LogEntry> entries) throws HoldfastException;
    }

    /** @param buffers of at least {@value #WINDOW_BLOCKS} blocks */
    public LogReader(BlockStore store, Checksum checksum, Layout layout, BufferPool buffers, Sink sink) {
        this.store = store;
        this.checksum = checksum;
        this.layout = layout;
        this.buffers = buffers;
        this.sink = sink;
    }

    /**
     * Something wrong with the log.
     *
     * @param block the device block in question
     */
    public record Problem(long block, String message) {}

    /**
     * What the log held.
     *
     * @param end where the next record would be
     * @param corrupt a record that was durable is damaged; the result has nothing behind it
     */
    public record Result(
            long records,
            long blocks,
            long durableThrough,
            boolean dropped,
            boolean corrupt,
            List<Problem> problems,
            LogPosition end) {
        /** Returns the result for a volume that was closed: a log without records. */
        public static Result empty(LogPosition position) {
            return new Result(0, 0, position.sequence() - 1, false, false, List.of(), position);
        }
    }

    /** Reads from a checkpoint's position to the end of the log, or to damage that ends it. Takes any content. */
    public Result read(LogPosition start) {
        LogPosition at = start;
        durableThrough = start.sequence() - 1;
        long distance = Long.MAX_VALUE;
        while (true) {
            Optional<LogRecord> next = header(at, distance);
            if (next.isEmpty()) {
                break;
            }
            LogRecord record = next.get();
            distance = Math.abs(record.next().block() - at.block());
            undecided.add(record);
            durableThrough = Math.max(durableThrough, record.durableThrough());
            acceptDurable();
            if (stopped) {
                return result(at);
            }
            at = record.next();
        }
        if (!corrupt && !Inject.off(Guard.DURABLE_THROUGH)) {
            searchBehind(at);
        }
        acceptDurable();
        acceptWhole();
        return result(at);
    }

    private Result result(LogPosition end) {
        return new Result(records, blocks, durableThrough, dropped, corrupt, problems, end);
    }

    /** Returns the record that belongs at a position, if it is there. */
    private Optional<LogRecord> header(LogPosition at, long distance) {
        if (!layout.isAllocatable(at.block())) {
            return Optional.empty();
        }
        byte[] bytes;
        try {
            bytes = block(at.block(), distance);
        } catch (HoldfastException e) {
            problems.add(new Problem(at.block(), e.getMessage() + " (where the next log record would be)"));
            return Optional.empty();
        }
        try {
            return LogRecord.decode(bytes, at.block(), at.logId(), checksum, layout)
                    .filter(r -> r.sequence() == at.sequence() && r.previousChecksum() == at.previousChecksum());
        } catch (HoldfastException e) {
            corrupt(at.block(), e);
            return Optional.empty();
        }
    }

    private byte[] block(long block, long distance) throws HoldfastException {
        if (block >= windowStart && block < windowStart + window.length) {
            return window[(int) (block - windowStart)];
        }
        int count = distance <= CLOSE_BLOCKS ? (int) Math.min(WINDOW_BLOCKS, layout.blocks() - block) : 1;
        byte[][] ahead = count == 1 ? null : readAhead(block, count);
        window = ahead == null ? new byte[][] {read(block, BlockCheck.NONE)} : ahead;
        windowStart = block;
        return window[0];
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

    private void acceptDurable() {
        while (!undecided.isEmpty() && undecided.peek().sequence() <= durableThrough && !stopped) {
            LogRecord record = undecided.poll();
            Optional<List<LogEntry>> entries = entries(record);
            if (entries.isEmpty() && Inject.off(Guard.DURABLE_THROUGH)) {
                stopped = true;
                dropped = true;
                return;
            }
            if (entries.isEmpty()) {
                stopped = true;
                corrupt(record.sequence(), record.block(), "its payload does not match its checksum");
                return;
            }
            accept(record, entries.get());
        }
    }

    private void acceptWhole() {
        while (!undecided.isEmpty()) {
            LogRecord record = undecided.poll();
            Optional<List<LogEntry>> entries = stopped ? Optional.empty() : entries(record);
            if (entries.isEmpty() || (!dataIsWhole(entries.get()) && !Inject.off(Guard.DATA_WHOLE))) {
                dropped = true;
                return;
            }
            accept(record, entries.get());
        }
    }

    private void accept(LogRecord record, List<LogEntry> entries) {
        try {
            sink.record(record, entries);
        } catch (HoldfastException e) {
            stopped = true;
            corrupt(record.block(), e);
            return;
        }
        records++;
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent) {
                blocks += extent.count();
            }
        }
    }

    /** Returns the entries, payloads read and decoded; empty if a payload is not whole. */
    private Optional<List<LogEntry>> entries(LogRecord record) {
        List<LogEntry> all = new ArrayList<>();
        for (LogEntry entry : record.entries()) {
            if (!(entry instanceof LogEntry.Payload payload)) {
                all.add(entry);
                continue;
            }
            byte[] bytes = new byte[payload.bytes()];
            int at = 0;
            for (BlockPointer pointer : payload.blocks()) {
                byte[] block;
                try {
                    block = read(
                            pointer.block(),
                            (index, read, offset) -> checksum.of(read, offset, Block.SIZE) == pointer.checksum());
                } catch (HoldfastException e) {
                    problems.add(new Problem(pointer.block(), String.valueOf(e.getMessage())));
                    return Optional.empty();
                }
                if (checksum.of(block) != pointer.checksum()) {
                    return Optional.empty();
                }
                int n = Math.min(block.length, bytes.length - at);
                System.arraycopy(block, 0, bytes, at, n);
                at += n;
            }
            try {
                all.addAll(LogRecord.decodeEntries(bytes, record.block(), layout));
            } catch (HoldfastException e) {
                problems.add(new Problem(record.block(), String.valueOf(e.getMessage())));
                return Optional.empty();
            }
        }
        return Optional.of(all);
    }

    private boolean dataIsWhole(List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent && extent.proven()) {
                for (int from = 0; from < extent.count(); from += WINDOW_BLOCKS) {
                    if (!dataIsWhole(extent, from, Math.min(WINDOW_BLOCKS, extent.count() - from))) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Reads some blocks of an extent at once and verifies them. */
    private boolean dataIsWhole(LogEntry.Extent extent, int from, int count) {
        MemorySegment memory = buffers.takeMemory();
        try {
            Answer answer = store.read(
                    BlockStore.Kind.LOG,
                    extent.block() + from,
                    memory.asSlice(0, (long) count * Block.SIZE),
                    (index, read, offset) -> checksum.of(read, offset, Block.SIZE) == extent.checksums()[from + index]);
            for (int i = answer.nextBad(0); i >= 0; i = answer.nextBad(i + 1)) {
                HoldfastException error = answer.error(i);
                if (error != null) {
                    problems.add(new Problem(extent.block() + from + i, String.valueOf(error.getMessage())));
                }
            }
            return answer.isGood();
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Looks for records behind a missing one. */
    private void searchBehind(LogPosition missing) {
        search(missing, missing.block() + 1, missing.block() + 1 + WINDOW_BLOCKS);
        search(missing, missing.runStart(), missing.runEnd());
        search(missing, missing.spareStart(), missing.spareEnd());
        if (layout.blocks() <= SEARCHED_WHOLE_BLOCKS_MAX && layout.isAllocatable(missing.block())) {
            search(missing, 1, layout.blocks());
        }
    }

    private void search(LogPosition missing, long from, long to) {
        long end = Math.min(to, layout.blocks());
        for (long block = Math.max(from, 1); block < end && !corrupt; block++) {
            if (!layout.isAllocatable(block)) {
                continue;
            }
            byte[] bytes;
            try {
                bytes = block(block, 1);
            } catch (HoldfastException e) {
                problems.add(new Problem(block, String.valueOf(e.getMessage())));
                continue;
            }
            Optional<LogRecord> later;
            try {
                later = LogRecord.decode(bytes, block, missing.logId(), checksum, layout);
            } catch (HoldfastException e) {
                problems.add(new Problem(block, String.valueOf(e.getMessage())));
                continue;
            }
            if (later.isPresent() && later.get().sequence() > missing.sequence()) {
                follow(missing, later.get());
            }
        }
    }

    /** Follows the log from a record behind the missing one: each may say that the missing one was durable. */
    private void follow(LogPosition missing, LogRecord first) {
        dropped = true;
        Optional<LogRecord> record = Optional.of(first);
        while (record.isPresent() && found.add(record.get().sequence())) {
            long durable = record.get().durableThrough();
            durableThrough = Math.max(durableThrough, Math.min(durable, missing.sequence() - 1));
            if (durable >= missing.sequence()) {
                corrupt(missing.sequence(), missing.block(), "its header is damaged");
                return;
            }
            record = header(record.get().next(), 1);
        }
    }

    private void corrupt(long sequence, long block, String why) {
        corrupt = true;
        problems.add(new Problem(
                block,
                "%s: log record %d in block %d is damaged: %s, and it was durable: what was written after it cannot be replayed"
                        .formatted(store.name(), sequence, block, why)));
    }

    /** Ends the log at a whole record that cannot be replayed. */
    private void corrupt(long block, HoldfastException why) {
        corrupt = true;
        problems.add(new Problem(block, String.valueOf(why.getMessage())));
    }
}
