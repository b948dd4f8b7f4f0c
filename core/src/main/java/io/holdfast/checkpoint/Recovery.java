package io.holdfast.checkpoint;

import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.MapRoot;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.space.Reservation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the changes of the log back on top of a checkpoint, in memory: applies each record's changes as when it was
 * written, and marks its blocks as in use. Reads the log and the items of maps; no bitmaps, and no nodes of maps.
 *
 * <p>Where the log has more changes than memory has room for, the rest is only marked as in use at first. Then nothing
 * that is written can hit it, and the replay goes on by writing checkpoints on its way, each at the place it has come to.
 *
 * <p>Used once, before anybody else uses the volume.
 */
public final class Recovery implements LogReader.Sink {
    private final VolumeState volume;
    private final ChangeBudget budget;
    private final @Nullable Checkpoints checkpoints;
    private final List<Long> inodes = new ArrayList<>();
    /** Where memory had no more room: from here on the blocks of records are marked, and their changes wait. */
    private @Nullable LogPosition rest;
    /** Whether all blocks are marked. */
    private boolean claimed;

    private boolean claimsWhatItCan;

    private final DamagePolicy policy;

    private long records;
    private long blocks;
    private long changeBytesNamed;
    private long checkpointsWritten;
    /** Bytes of changes that checkpoints on the way have taken. */
    private long changeBytesWritten;

    private Report report = (_, _) -> {};
    /** The first superblock that can have a map in the place of one whose item cannot be read. */
    private long next;

    /** Records between two reports. */
    private static final int REPORT_RECORDS = 256;

    /** Hears how far the replay is. */
    public interface Report {
        /**
         * Takes it.
         *
         * @param done bytes of memory that the changes so far took
         * @param total the most that all changes of the log can take
         */
        void update(long done, long total);
    }

    /**
     * @param checkpoints null to write nothing
     * @param changeBytes what the superblock says that the log may need
     * @param policy for what the log says of blocks that cannot be, or of files whose map cannot be read
     */
    public Recovery(
            VolumeState volume,
            ChangeBudget budget,
            @Nullable Checkpoints checkpoints,
            long changeBytes,
            DamagePolicy policy) {
        this.policy = policy;
        this.volume = volume;
        this.budget = budget;
        this.checkpoints = checkpoints;
        this.changeBytesNamed = changeBytes;
    }

    /**
     * Takes it for no fault if a block cannot be marked as in use: of some groups nobody knows which blocks are, and nothing is
     * allocated there.
     */
    public void claimWhatIsKnown() {
        claimsWhatItCan = true;
    }

    /** Has this hear, now and then, how far the replay is. */
    public void report(Report listener) {
        report = listener;
    }

    /**
     * Replays a log.
     *
     * @param superblock the one that names the log, for {@link Checkpoints#secure}
     * @return what was found; a corrupt log is not replayed as a whole
     * @throws HoldfastException {@code NO_MEMORY} if memory has no room for the changes, and nothing may be written
     */
    public LogReader.Result replay(LogReader reader, Superblocks.Found superblock) throws HoldfastException {
        next = superblock.superblock().generation() + 1;
        LogReader.Result found = reader.scan(superblock.superblock().log(), this);
        Checkpoints to = checkpoints;
        if (to != null && !found.corrupt()) {
            claimEnd(found.end());
            claimed = true;
            // Before the first checkpoint: that frees the headers of records, and writes over them.
            if (!Inject.off(Guard.TAIL_REWRITTEN)) {
                reader.rewriteTail(found);
            }
            to.secure(superblock);
            LogPosition from = rest;
            if (from != null) {
                writeCheckpoint(to, from);
                Optional<LogReader.Problem> problem = reader.again(from, found.end(), this);
                if (problem.isPresent()) {
                    throw new HoldfastException(
                            ErrorCode.DEVICE_ERROR, problem.get().message());
                }
            }
        }
        volume.space().claimed();
        return found;
    }

    /** Does as {@link #replay} for a volume without a log. */
    public void replayNothing(Superblocks.Found superblock) throws HoldfastException {
        volume.space().claimed();
        if (checkpoints != null) {
            checkpoints.secure(superblock);
        }
    }

    /** Returns how many records were replayed. */
    public long records() {
        return records;
    }

    /** Returns how many data blocks were in these records. */
    public long blocks() {
        return blocks;
    }

    /** Returns how many checkpoints were written on the way, for want of memory. */
    public long checkpointsWritten() {
        return checkpointsWritten;
    }

    // ---- blocks ----

    private void claim(LogRecord record, List<LogEntry> entries) throws HoldfastException {
        for (long block : record.ownBlocks()) {
            take(record, block);
        }
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent) {
                for (int i = 0; i < extent.count(); i++) {
                    take(record, extent.block() + i);
                }
            }
        }
    }

    /** Marks a block of a record as in use; no earlier record may use it. */
    private void take(LogRecord record, long block) throws HoldfastException {
        if (!volume.space().claim(block) && !claimsWhatItCan) {
            throw damaged(record, "it claims block %d, which is in use".formatted(block));
        }
    }

    /** Marks the places of the next header and its twin, which the last record has reserved. */
    private void claimEnd(LogPosition end) throws HoldfastException {
        if (end.block() != 0) {
            claimEnd(end.block());
            claimEnd(end.twin());
        }
    }

    private void claimEnd(long block) throws HoldfastException {
        if (!volume.space().claim(block)) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: the log goes on in block %d, which is in use"
                            .formatted(volume.device().name(), block));
        }
    }

    // ---- changes ----

    @Override
    public void record(LogRecord record, List<LogEntry> entries) throws HoldfastException {
        Inject.at(Point.RECOVERY_RECORD);
        if (!claimed) {
            try {
                claim(record, entries);
            } catch (HoldfastException e) {
                policy.met(e);
            }
            if (rest != null) {
                return;
            }
        }
        for (long block : record.ownBlocks()) {
            volume.space().release(block);
        }
        for (LogEntry entry : entries) {
            try {
                apply(record, entry);
            } catch (HoldfastException e) {
                policy.met(e);
            }
        }
        records++;
        if (records % REPORT_RECORDS == 1) {
            long done = changeBytesWritten + budget.bytes();
            report.update(done, Math.max(done, changeBytesNamed));
        }
        if (budget.bytes() > budget.hard() || Inject.fails(Point.RECOVERY_MEMORY)) {
            makeRoom(record.next());
        }
    }

    private void apply(LogRecord record, LogEntry entry) throws HoldfastException {
        switch (entry) {
            case LogEntry.Extent extent -> apply(record, extent);
            case LogEntry.Range range -> map(range.inode()).putRange(range.first(), range.count(), range.state());
            case LogEntry.ItemChange change -> volume.items().apply(change.item());
            case LogEntry.Drop drop -> map(drop.inode()).drop();
            case LogEntry.Mount mount -> changeBytesNamed = Math.max(changeBytesNamed, mount.changeBytes());
            case LogEntry.Close _ -> {}
            case LogEntry.Payload _ -> throw damaged(record, "it has a payload within a payload");
        }
    }

    private void apply(LogRecord record, LogEntry.Extent extent) throws HoldfastException {
        BlockMap map = map(extent.inode());
        int state = extent.noChecksum() ? MapEntry.WRITTEN_NO_CHECKSUM : MapEntry.WRITTEN;
        if (!extent.proven() && !extent.noChecksum()) {
            throw damaged(record, "it has data without a proof");
        }
        for (int i = 0; i < extent.count(); i++) {
            long checksum = extent.noChecksum() ? 0 : extent.checksums()[i];
            map.put(extent.fileBlock() + i, MapEntry.word(state, extent.block() + i), checksum, Reservation.NONE, 0);
        }
        blocks += extent.count();
    }

    /** Returns the map of an inode; it stays in the registry while it has changes. */
    private BlockMap map(long inode) throws HoldfastException {
        BlockMap map = volume.maps().find(inode);
        if (map == null) {
            map = volume.maps().acquire(inode, MapRoot.unknown(next));
            inodes.add(inode);
        }
        return map;
    }

    // ---- memory ----

    private void makeRoom(LogPosition at) throws HoldfastException {
        Checkpoints to = checkpoints;
        if (to != null && claimed) {
            writeCheckpoint(to, at);
        } else if (to != null) {
            rest = at;
        } else if (budget.bytes() > budget.hard()) {
            long needed = Math.max(changeBytesNamed, budget.share() * 2);
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    "%s: the volume was not closed, and the changes in its log do not fit into the memory; give it a memory of %s, or open it for writing"
                            .formatted(volume.device().name(), SizeText.exact(needed * MemoryPlan.CHANGES_PART)));
        }
    }

    private void writeCheckpoint(Checkpoints to, LogPosition at) throws HoldfastException {
        finish();
        changeBytesWritten += budget.bytes();
        next = to.superblock().generation() + 1;
        to.write(
                freeze -> {
                    freeze.freeze(at);
                    return true;
                },
                false);
        checkpointsWritten++;
        Inject.at(Point.RECOVERY_CHECKPOINT);
    }

    /** Releases the maps that were used; those with changes stay until a checkpoint has them. */
    public void finish() {
        inodes.forEach(volume.maps()::release);
        inodes.clear();
    }

    private HoldfastException damaged(LogRecord record, String why) {
        return new HoldfastException(
                ErrorCode.DAMAGED,
                "%s: log record %d in block %d is damaged: %s"
                        .formatted(volume.device().name(), record.sequence(), record.block(), why));
    }
}
