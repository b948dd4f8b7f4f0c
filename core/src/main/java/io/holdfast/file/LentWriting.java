package io.holdfast.file;

import io.holdfast.device.LentBuffer;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpacePurpose;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A direct write to a file without checksums: the device reads the caller's own memory. */
final class LentWriting {
    private final WriteScope scope;
    private final FileData file;
    private final FileContext.Writer writer;

    LentWriting(WriteScope scope) {
        this.scope = scope;
        this.file = scope.file;
        this.writer = scope.writer;
    }

    /** Returns whether the device may read the caller's own memory. */
    boolean isPossible(long offset, MemorySegment source) {
        return (!file.checksummed() || Inject.off(Guard.STABLE_COPY))
                && FileData.within(offset) == 0
                && LentBuffer.possible(source);
    }

    void write(long offset, MemorySegment source) throws HoldfastException {
        long blocks = source.byteSize() / Block.SIZE;
        if (!scope.nowait) {
            scope.writeback.requireRoom();
            scope.writeback.throttle();
        } else if (writer.room().isMissing()
                || blocks > Writing.PIECE_BLOCKS
                || scope.growsOverTail(offset + source.byteSize())
                || file.nextInMemory(FileData.blockOf(offset)) < FileData.blockOf(offset) + blocks) {
            throw scope.wouldBlock();
        }
        long done = 0;
        while (done < source.byteSize()) {
            long n = Math.min((long) Writing.PIECE_BLOCKS * Block.SIZE, source.byteSize() - done);
            scope.admit(n / Block.SIZE);
            try {
                lend(offset + done, source.asSlice(done, n));
            } finally {
                scope.endAdmitted(n / Block.SIZE);
            }
            done += n;
        }
        writer.checkpointer().poke();
    }

    private void lend(long offset, MemorySegment source) throws HoldfastException {
        long first = FileData.blockOf(offset);
        int blocks = (int) (source.byteSize() / Block.SIZE);
        long nodes = file.map.nodesFor(first + blocks - 1);
        Reservation reserved = writer.reserver().reserve(blocks * (1 + nodes), SpacePurpose.WRITE, scope.nowait);
        boolean appended = false;
        List<Page> superseded = List.of();
        if (!scope.nowait) {
            file.layout.writeLock().lock();
        } else if (!file.layout.writeLock().tryLock()) {
            reserved.close();
            throw scope.wouldBlock();
        }
        try {
            if (!Inject.off(Guard.SIZE_HELD)) {
                scope.requireWithinSize(offset + source.byteSize());
            }
            scope.zeroTail(offset + source.byteSize());
            file.attributes.contentChanged(offset + source.byteSize());
            if (!file.attributes.sizeIsLogged(first + blocks - 1)) {
                file.attributes.log(writer, List.of());
            }
            // A page of these blocks would hide the new data, so the pages are dropped once it is written. Until then
            // they stay locked, and writeback cannot take them: if the device fails, they still hold the file's
            // content.
            superseded = new RangePages(file, first, first + blocks).lock();
            long[] sums = file.checksummed() ? file.context.reader().checksumsOf(source) : new long[blocks];
            int state = file.checksummed() ? MapEntry.WRITTEN : MapEntry.WRITTEN_NO_CHECKSUM;
            Inject.at(Point.LENDING);
            writer.log()
                    .appendLent(
                            file.inode,
                            first,
                            source,
                            reserved,
                            (index, block, count) ->
                                    file.map.putRun(first + index, count, state, block, sums, index, reserved, nodes));
            appended = true;
            file.context.counters().zeroCopyBlocks.add(blocks);
        } finally {
            superseded.forEach(appended ? file::drop : file::unlock);
            file.layout.writeLock().unlock();
            reserved.close();
        }
    }
}
