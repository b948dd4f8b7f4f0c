package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.LogRecord;
import io.holdfast.format.MapEntry;
import io.holdfast.format.Superblock;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.Mapping;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Checks the log of a volume that was not closed and is open read-only: the chain of records, and all of their data,
 * even where recovery need not read it; and both copies of headers and payloads.
 */
public final class LogCheck implements LogReader.Sink {
    private final VolumeState volume;
    private final Superblock superblock;
    private final VolumeCheck check;
    private final DataCheck data;
    private final ExactGroups groups;
    private final BlockSet blocks;
    /** Another reading of the same log: only blocks of groups for which there was no memory before are looked at. */
    private boolean again;

    /**
     * @param superblock whose log is checked
     * @param memory where the set of blocks lies; closed when the check is done
     */
    public LogCheck(VolumeState volume, Superblock superblock, VolumeCheck check, Arena memory) {
        this.volume = volume;
        this.superblock = superblock;
        this.check = check;
        this.data = check.data();
        this.groups = new ExactGroups(volume.layout(), check.memory().exactGroups(volume.layout()));
        this.blocks = new BlockSet(volume.layout(), groups, memory);
    }

    /** Checks from the superblock's position on. */
    public void run() {
        LogPosition start = superblock.log();
        if (start.block() != 0) {
            requirePossible(start.block());
            requirePossible(start.twin());
        }
        if (superblock.clean()) {
            return;
        }
        List<LogReader.Problem> problems = scan(reader().readingBoth(), start);
        data.finish();
        problems.stream().filter(problem -> !problem.mayHide()).forEach(this::add);
        List<LogReader.Problem> hiding =
                problems.stream().filter(this::mayHideRecord).toList();
        // A header is there twice, so one block hides none.
        if (hiding.size() > 1) {
            hiding.forEach(this::add);
        }
        while (groups.hasRefused()) {
            groups.nextRound(blocks::clear);
            again = true;
            scan(reader(), start);
        }
    }

    private LogReader reader() {
        return new LogReader(
                volume.store(), superblock.mark(), volume.checksum(), volume.layout(), volume.nodeBuffers());
    }

    private List<LogReader.Problem> scan(LogReader reader, LogPosition start) {
        try {
            return reader.scan(start, this).problems();
        } catch (HoldfastException e) {
            throw new IllegalStateException("checking a record needs no memory that could be missing", e);
        }
    }

    private void requirePossible(long block) {
        if (!volume.layout().isAllocatable(block)) {
            check.add("superblock", -1, "it says that the log goes on in block %d, which cannot be".formatted(block));
        }
    }

    /** Returns whether a block that cannot be read may have a record: not if the trees use it, or the records that were found. */
    private boolean mayHideRecord(LogReader.Problem problem) {
        return problem.mayHide() && !check.reaches(problem.block()) && !blocks.contains(problem.block());
    }

    private void add(LogReader.Problem problem) {
        if (problem.oneOfTwo()) {
            check.addLogCopy(problem.block(), problem.message());
        } else if (problem.unread()) {
            check.addLogEnd(problem.block(), problem.message());
        } else {
            check.add("log record", problem.block(), problem.message());
        }
    }

    @Override
    public void record(LogRecord record, List<LogEntry> entries) {
        for (long block : record.ownBlocks()) {
            claim(record, block);
        }
        for (LogEntry entry : entries) {
            if (entry instanceof LogEntry.Extent extent) {
                for (int i = 0; i < extent.count(); i++) {
                    claim(record, extent.block() + i);
                    if (extent.proven() && check.readsData() && !again) {
                        if (data.isFull()) {
                            data.startReading();
                        }
                        long word = MapEntry.word(MapEntry.WRITTEN, extent.block() + i);
                        data.block(extent.inode(), extent.fileBlock() + i, new Mapping(word, extent.checksums()[i], 0));
                    }
                }
            }
        }
    }

    /** A block of the log belongs to one record only, and to nothing that the checkpoint reaches. */
    private void claim(LogRecord record, long block) {
        if (!blocks.holds(block)) {
            return; // Another reading comes to it.
        }
        if (check.reaches(block) || !blocks.add(block)) {
            check.addTangled(
                    "log record",
                    record.block(),
                    "log record %d in block %d claims block %d, which is in use"
                            .formatted(record.sequence(), record.block(), block));
        }
    }
}
