package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.store.BlockStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log back: {@link #scan} hands over the records that count, in order, and finds where they end, by the
 * durable-through rule. It holds a few records at a time, and a few bytes for each other that may not be durable.
 *
 * <p>Each record says up to which sequence number S the log had been flushed when the record was written. Records up to
 * the greatest S were promised to someone: their headers must be there. Their data is not read here: if a block has
 * rotted since, its reader gets an error, but the record counts. Behind S the first record whose header or data is not
 * whole ends the log: nothing there was promised.
 *
 * <p>Headers and payloads are there twice. One good copy is all that a record needs; that the other one is damaged is a
 * problem if the record was durable. Else it was being written when the power went.
 *
 * <p>What the device does not bring may be there. If it brings neither copy of a header or of a block of a payload, or not the data of a record that may not be durable, nobody can tell where
 * the log ends; that counts as corrupt, unless a person has said otherwise ({@link #endingWhereUnreadable}).
 *
 * <p>A header of which both copies are damaged hides the records behind it. So before the reader takes it for the torn end, it searches the
 * log's current run and the spare one for later records, and follows the log from each. If one of them says that the
 * damaged record was durable, the log is corrupt. The search takes records of every mount: sequence numbers are never
 * used again for a durable record, and a record that an earlier recovery dropped does not say that a record at or behind
 * the place of that drop was durable.
 */
public final class LogReader {
    /**
     * A volume of up to 128 MiB is searched as a whole: its runs are so short that one record can fill both runs that
     * the record before it names.
     */
    private static final long SEARCHED_WHOLE_BLOCKS_MAX = 32768;

    /**
     * Records that stay decoded while it is not known whether they were durable; others are read again. There are as many
     * full ones between two flushes of the log, of some 10 KiB each.
     */
    private static final int DECODED_MAX = 768;

    /** More blocks that cannot be read are not told of. */
    private static final int HIDING_MAX = 1000;

    private final BlockStore store;
    private final Layout layout;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final RecordReader reader;

    /** Records that may not have been durable. */
    private final ArrayDeque<Undecided> undecided = new ArrayDeque<>();
    /** The newest of them. */
    private final ArrayDeque<Undecided> decoded = new ArrayDeque<>();

    private final List<Problem> problems = new ArrayList<>();
    /**
     * Blocks that cannot be read, at the end of the log and where later records were searched for, and why. One of them hides nothing: whatever record has its header there
     * has the twin of it elsewhere, and that was found or is not there.
     */
    private final Map<Long, String> hiding = new LinkedHashMap<>();

    private final HalfGoodCopies halfGood = new HalfGoodCopies();
    /** A record is read another time: what is wrong with its copies is known. */
    private boolean readingAgain;

    /** Blocks of the records behind a missing one that the search has seen. */
    private final Set<Long> found = new HashSet<>();

    /** Why nobody can tell where the log ends; null if somebody can. */
    private @Nullable Problem unread;
    /** The log ends where neither copy of the next record can be read. */
    private boolean endsWhereUnreadable;

    private long durableThrough;
    private long records;
    /** A record that counts could not be taken, so none behind it may be. */
    private boolean stopped;

    private boolean dropped;
    private boolean corrupt;

    /** A record of which it is not known whether it was durable. */
    private static final class Undecided {
        private final LogPosition place;
        private @Nullable LogRecord record;
        /** Whether the header was compared with its twin. */
        private boolean compared;

        Undecided(LogPosition place, LogRecord record) {
            this.place = place;
            this.record = record;
        }
    }

    /** Takes the records that count, in order. */
    public interface Sink {
        /**
         * Takes a record.
         *
         * @param entries its entries, with each payload replaced by its content
         * @throws HoldfastException the record cannot be: the log ends before it, and is corrupt; or, with the code {@code
         *     NO_MEMORY}, the reading fails
         */
        void record(LogRecord record, List<LogEntry> entries) throws HoldfastException;
    }

    /**
     * @param volume the mark of the volume
     * @param buffers of at least {@value RecordReader#WINDOW_BLOCKS} blocks
     */
    public LogReader(BlockStore store, long volume, Checksum checksum, Layout layout, BufferPool buffers) {
        this.store = store;
        this.layout = layout;
        this.checksum = checksum;
        this.buffers = buffers;
        this.reader = new RecordReader(store, volume, checksum, layout, buffers, new RecordReader.Problems() {
            @Override
            public void found(long block, String message) {
                problems.add(new Problem(block, message));
            }

            @Override
            public void mayHide(long block, String message) {
                if (hiding.size() < HIDING_MAX) {
                    hiding.putIfAbsent(block, message);
                }
            }

            @Override
            public void oneOfTwo(long sequence, long block, String what, String why) {
                if (!readingAgain) {
                    halfGood.add(sequence, block, what, why);
                }
            }

            @Override
            public void neither(TwinReader.Twins twins, String why) {
                if (unread == null) {
                    unread = unread(twins, why);
                }
            }
        });
    }

    /** Makes it look at both copies of all that is there twice, though one would do. */
    public LogReader readingBoth() {
        reader.readBoth();
        return this;
    }

    /**
     * Makes the log end before the first record that the device does not bring, as a repair does when a person has said so.
     * Else nothing is taken to be the end there.
     */
    public LogReader endingWhereUnreadable() {
        endsWhereUnreadable = true;
        return this;
    }

    private Problem unreadData(LogPosition at, DataState data) {
        return new Problem(
                data.unreadable(),
                "%s: log record %d in block %d: block %d, its data, cannot be read: nobody can tell whether the log ends before it, or goes on with data that was flushed: %s"
                        .formatted(store.name(), at.sequence(), at.block(), data.unreadable(), data.why()),
                Kind.UNREAD);
    }

    private Problem unread(TwinReader.Twins twins, String why) {
        return new Problem(
                twins.first(),
                "%s: log record %d in block %d: neither %s nor the copy of it in block %d can be read: nobody can tell whether the log goes on there, with data that was flushed: %s"
                        .formatted(store.name(), twins.sequence(), twins.first(), twins.name(), twins.second(), why),
                Kind.UNREAD);
    }

    /**
     * Something wrong with the log.
     *
     * @param block the device block in question
     */
    public record Problem(long block, String message, Kind kind) {
        Problem(long block, String message) {
            this(block, message, Kind.DAMAGE);
        }

        /** Returns whether there is a copy of the block that is good: then nothing is lost. */
        public boolean oneOfTwo() {
            return kind == Kind.ONE_OF_TWO;
        }

        /** Returns whether the block cannot be read and may be of the log or not. Two such blocks may be both copies of a header, one alone hides nothing. */
        public boolean mayHide() {
            return kind == Kind.MAY_HIDE;
        }

        /** Returns whether something is damaged that was durable. */
        public boolean isDamage() {
            return kind == Kind.DAMAGE;
        }

        /** Returns whether the device does not bring what is next in the log. */
        public boolean unread() {
            return kind == Kind.UNREAD;
        }
    }

    /** What a problem means. */
    public enum Kind {
        DAMAGE,
        ONE_OF_TWO,
        MAY_HIDE,
        UNREAD
    }

    /**
     * What the log holds.
     *
     * @param records how many records count
     * @param durableThrough sequence number of the last record that is known to have been flushed
     * @param dropped whether there is more, which had not been flushed
     * @param corrupt a record that was durable is damaged, or one that may have been cannot be read; the result has nothing behind it
     * @param closed the last record says that the volume was closed
     * @param tail where the first record is that is not known to have been flushed, {@code end} if there is none
     * @param start where the first record is
     * @param end where the next record would be
     */
    public record Result(
            long records,
            long durableThrough,
            boolean dropped,
            boolean corrupt,
            boolean closed,
            List<Problem> problems,
            LogPosition tail,
            LogPosition start,
            LogPosition end) {
        /** Returns the result for a log without records. */
        public static Result empty(LogPosition position) {
            return new Result(0, position.sequence() - 1, false, false, true, List.of(), position, position, position);
        }
    }

    // ---- the whole log ----

    /**
     * Reads from a position to the end of the log, or to damage that ends it, and hands over the records that count. Takes
     * any content.
     *
     * @throws HoldfastException {@code NO_MEMORY} of the sink
     */
    public Result scan(LogPosition start, Sink sink) throws HoldfastException {
        try {
            return scanned(start, sink);
        } finally {
            reader.endAhead();
        }
    }

    private Result scanned(LogPosition start, Sink sink) throws HoldfastException {
        durableThrough = start.sequence() - 1;
        LogPosition at = takeFrom(start, sink);
        for (LogPosition replaced = firstReplaced(); replaced != null; replaced = firstReplaced()) {
            at = takeFrom(replaced, sink);
        }
        if (!corrupt && !Inject.off(Guard.DURABLE_THROUGH)) {
            searchBehind(at);
        }
        takeDurable(sink);
        LogPosition tail = undecided.isEmpty() ? at : undecided.peek().place;
        boolean closed = false;
        while (!undecided.isEmpty() && !stopped) {
            Undecided next = undecided.poll();
            Optional<LogRecord> record = read(next);
            Optional<List<LogEntry>> entries = record.flatMap(reader::entries);
            DataState data = entries.map(reader::data).orElse(DataState.TORN);
            if (entries.isEmpty() || (!data.isWhole() && !Inject.off(Guard.DATA_WHOLE))) {
                dropped = true;
                at = next.place;
                if (data.unreadable() >= 0 && unread == null) {
                    unread = unreadData(at, data);
                }
                break;
            }
            take(record.get(), entries.get(), sink);
            closed = undecided.isEmpty() && entries.get().contains(new LogEntry.Close());
        }
        Problem hidden = unread;
        boolean refuses = !endsWhereUnreadable && !Inject.off(Guard.UNREADABLE_IS_NOT_ABSENT);
        if (hidden != null && (corrupt || refuses)) {
            corrupt = true;
            problems.add(hidden);
        }
        return new Result(
                records, durableThrough, dropped, corrupt, closed && !dropped, allProblems(), tail, start, at);
    }

    /** Takes the records from a position to where no header is. Returns that place. */
    private LogPosition takeFrom(LogPosition from, Sink sink) throws HoldfastException {
        LogPosition at = from;
        for (Optional<LogRecord> next = header(at); next.isPresent() && !stopped; next = header(at)) {
            LogRecord record = next.get();
            reader.expect(record.next().block());
            add(new Undecided(at, record));
            durableThrough = Math.max(durableThrough, record.durableThrough());
            halfGood.durableThrough(durableThrough);
            takeDurable(sink);
            at = record.next();
        }
        return at;
    }

    /**
     * Finds the first record that an earlier recovery has dropped, and whose header is there since the write of the mount record over it
     * was lost; the twin is that of the mount record. No record of the dropped ones says that it was durable, so it is among those
     * of which that is not known. Forgets it with all behind it.
     *
     * @return its place, where the mount record is; null if there is none
     */
    private @Nullable LogPosition firstReplaced() {
        if (stopped || corrupt || Inject.off(Guard.LOG_TWINS)) {
            return null;
        }
        for (Undecided each : undecided) {
            if (each.compared) {
                continue;
            }
            each.compared = true;
            Optional<LogRecord> record = read(each);
            if (record.isPresent() && reader.hasNewerTwin(each.place, record.get())) {
                long sequence = each.place.sequence();
                undecided.removeIf(later -> later.place.sequence() >= sequence);
                decoded.removeIf(later -> later.place.sequence() >= sequence);
                return each.place;
            }
        }
        return null;
    }

    /** Returns what is wrong: what ends the log comes last. */
    private List<Problem> allProblems() {
        List<Problem> all = halfGood.problems(store.name(), durableThrough);
        if (hiding.size() > 1 && unread == null) {
            hiding.forEach((block, why) -> all.add(new Problem(
                    block,
                    why + ": it may have a record of the log behind its end, with others that cannot be read",
                    Kind.MAY_HIDE)));
        }
        all.addAll(problems);
        return all;
    }

    private void add(Undecided record) {
        undecided.add(record);
        decoded.add(record);
        if (decoded.size() > DECODED_MAX) {
            decoded.remove().record = null;
        }
    }

    private Optional<LogRecord> read(Undecided undecidedRecord) {
        LogRecord record = undecidedRecord.record;
        if (record != null) {
            return Optional.of(record);
        }
        readingAgain = true;
        try {
            return header(undecidedRecord.place);
        } finally {
            readingAgain = false;
        }
    }

    private void takeDurable(Sink sink) throws HoldfastException {
        while (!stopped && !undecided.isEmpty() && undecided.peek().place.sequence() <= durableThrough) {
            Undecided next = undecided.poll();
            Optional<LogRecord> record = read(next);
            Optional<List<LogEntry>> entries = record.flatMap(reader::entries);
            if (entries.isEmpty()) {
                String why = record.isEmpty()
                        ? "its header could be read once, not twice"
                        : "its payload does not match its checksum, nor does the copy";
                corrupt(damaged(next.place.sequence(), next.place.block(), why));
                return;
            }
            take(record.get(), entries.get(), sink);
        }
    }

    private void take(LogRecord record, List<LogEntry> entries, Sink sink) throws HoldfastException {
        try {
            sink.record(record, entries);
            records++;
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.NO_MEMORY) {
                throw e;
            }
            corrupt(new Problem(record.block(), String.valueOf(e.getMessage())));
        }
    }

    private void corrupt(Problem problem) {
        stopped = true;
        corrupt = true;
        problems.add(problem);
    }

    private Optional<LogRecord> header(LogPosition at) {
        try {
            return reader.header(at);
        } catch (HoldfastException e) {
            corrupt = true;
            problems.add(new Problem(at.block(), String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    /** Looks for records behind a missing one. */
    private void searchBehind(LogPosition missing) {
        search(missing, missing.block() + 1, missing.block() + 1 + RecordReader.WINDOW_BLOCKS);
        search(missing, missing.runStart(), missing.runEnd());
        search(missing, missing.spareStart(), missing.spareEnd());
        if (layout.blocks() <= SEARCHED_WHOLE_BLOCKS_MAX && layout.isAllocatable(missing.block())) {
            search(missing, 1, layout.blocks());
        }
    }

    private void search(LogPosition missing, long from, long to) {
        long end = Math.min(to, layout.blocks());
        for (long block = Math.max(from, 1); block < end && !corrupt; block++) {
            Optional<LogRecord> later = reader.anyHeader(block);
            if (later.isPresent() && later.get().sequence() > missing.sequence()) {
                follow(missing, later.get());
            }
        }
    }

    /** Follows the log from a record behind the missing one: each may say that the missing one was durable. */
    private void follow(LogPosition missing, LogRecord first) {
        dropped |= first.logId() == missing.logId();
        Optional<LogRecord> record = Optional.of(first);
        while (record.isPresent() && found.add(record.get().block())) {
            long durable = record.get().durableThrough();
            durableThrough = Math.max(durableThrough, Math.min(durable, missing.sequence() - 1));
            if (durable >= missing.sequence()) {
                corrupt = true;
                problems.add(damaged(
                        missing.sequence(), missing.block(), "its header is damaged, and so is the copy of it"));
                return;
            }
            record = header(record.get().next());
        }
    }

    private Problem damaged(long sequence, long block, String why) {
        return new Problem(
                block,
                "%s: log record %d in block %d is damaged: %s, and it was durable: what was written after it cannot be replayed"
                        .formatted(store.name(), sequence, block, why));
    }

    // ---- a part of it ----

    /**
     * Hands over records again that a scan has found.
     *
     * @return why that ended early; empty if it did not
     * @throws HoldfastException of the sink
     */
    public Optional<Problem> again(LogPosition from, LogPosition end, Sink sink) throws HoldfastException {
        LogPosition at = from;
        while (at.sequence() < end.sequence()) {
            Optional<LogRecord> header = header(at);
            if (header.isEmpty()) {
                return Optional.of(damaged(at.sequence(), at.block(), "its header could be read once, not twice"));
            }
            LogRecord record = header.get();
            Optional<List<LogEntry>> entries = reader.entries(record);
            if (entries.isEmpty()) {
                return Optional.of(damaged(
                        at.sequence(), at.block(), "its payload does not match its checksum, nor does the copy"));
            }
            sink.record(record, entries.get());
            at = record.next();
        }
        return Optional.empty();
    }

    /**
     * Writes the records again that a scan has found and that are not known to have been flushed; see {@link
     * TailRewriter}. The caller flushes the device.
     */
    public void rewriteTail(Result scanned) throws HoldfastException {
        TailRewriter rewriter = new TailRewriter(store, checksum, buffers, reader);
        Optional<Problem> problem = again(scanned.tail(), scanned.end(), rewriter::rewrite);
        if (problem.isPresent()) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, problem.get().message());
        }
        rewriter.finish();
    }
}
