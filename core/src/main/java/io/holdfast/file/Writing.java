package io.holdfast.file;

import io.holdfast.device.LentBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.WouldBlockException;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.space.Reservation;
import io.holdfast.space.SpaceManager.Purpose;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * The write path. A buffered write copies into pages. The whole blocks of a direct write, and of a long one, go straight
 * into records ({@link SealedWriting}): one stable copy, which keeps checksums true, and none in the cache. A direct
 * write to a file without checksums goes to the device from the caller's memory.
 *
 * <p>Space is reserved before a page becomes dirty (delayed allocation): one block for the data and one for each map
 * node it may change. So writing it back cannot run out of space.
 */
final class Writing {
    /** Blocks written under one reservation. */
    private static final int PIECE_BLOCKS = 256;

    /** Whole blocks that make a buffered write go to the device at once: their transfer costs more than its beginning. */
    static final int SEALED_BLOCKS_MIN = 16;

    private static final MemorySegment ZEROES =
            MemorySegment.ofArray(new byte[Block.SIZE]).asReadOnly();

    private final FileData file;
    private final FileContext.Writer writer;
    private final Writeback writeback;
    private final boolean fixedSize;
    private final boolean nowait;
    private final boolean direct;

    /**
     * @param fixedSize refuse what reaches beyond the end of the file. The size is compared under the lock that a
     *     truncation takes, so a write never undoes one.
     */
    Writing(FileData file, Writeback writeback, boolean fixedSize, boolean direct, boolean nowait)
            throws HoldfastException {
        this.file = file;
        this.writer = file.writer();
        this.writeback = writeback;
        this.fixedSize = fixedSize;
        this.direct = direct;
        this.nowait = nowait;
    }

    void write(long offset, MemorySegment source) throws HoldfastException {
        long length = source.byteSize();
        if (length == 0) {
            return;
        }
        if (Long.compareUnsigned(offset + length, offset) < 0) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    "%s: a write of %d bytes at %s ends behind the largest file"
                            .formatted(file.name(), length, Long.toUnsignedString(offset)));
        }
        requireWithinSize(offset + length);
        if (direct && canLend(offset, source)) {
            writeLent(offset, source);
            return;
        }
        if (nowait) {
            writeNowait(offset, source);
            return;
        }
        writeback.requireRoom();
        writeback.throttle();
        long wholeBlocks = FileData.blockOf(offset + length) - FileData.blockAfter(offset);
        boolean seals = wholeBlocks >= (direct ? 1 : SEALED_BLOCKS_MIN);
        long done = 0;
        while (done < length) {
            long n = piece(offset + done, length - done, seals);
            if (seals && n % Block.SIZE == 0) {
                // With the last whole block the size grows to the end, so that no crash leaves one that nobody asked
                // for.
                boolean last = length - done - n < Block.SIZE;
                sealPiece(offset + done, source.asSlice(done, n), offset + (last ? length : done + n));
            } else {
                writePiece(offset + done, source.asSlice(done, n));
            }
            done += n;
        }
        if (direct) {
            // The parts of blocks; and all of it, if the volume is so full that blocks went one by one.
            writeback.writeRange(file, FileData.blockOf(offset), FileData.blockAfter(offset + length));
        }
        if (direct || seals) {
            writer.checkpointer().poke();
        }
    }

    /** Returns how much is written under the next reservation: whole blocks or, if they are sealed, a part of one. */
    private static long piece(long at, long left, boolean seals) {
        if (seals && (FileData.within(at) != 0 || left < Block.SIZE)) {
            return inBlock(at, left);
        }
        long n = Math.min((long) PIECE_BLOCKS * Block.SIZE - FileData.within(at), left);
        return seals ? n - n % Block.SIZE : n;
    }

    /** All or nothing: takes all pages first, and only if nothing has to be waited for. */
    private void writeNowait(long offset, MemorySegment source) throws HoldfastException {
        long first = FileData.blockOf(offset);
        long blocks = FileData.blockAfter(offset + source.byteSize()) - first;
        if (direct || blocks > PIECE_BLOCKS || file.context.cache().overDirtyLimit()) {
            throw wouldBlock();
        }
        long need = 1L + file.map.nodesFor(first + blocks - 1);
        Page[] pages = new Page[(int) blocks];
        int taken = 0;
        Lock layout = null;
        Reservation reserved = writer.reserver().reserve(blocks * need, Purpose.WRITE, true);
        try {
            layout = lockLayout(offset + source.byteSize());
            for (long done = 0; done < source.byteSize(); done += inBlock(offset + done, source.byteSize() - done)) {
                boolean whole = inBlock(offset + done, source.byteSize() - done) == Block.SIZE;
                pages[taken] = takeNowait(first + taken, whole);
                taken++;
            }
            file.contentChanged(offset + source.byteSize(), false);
            long done = 0;
            for (Page page : pages) {
                int n = inBlock(offset + done, source.byteSize() - done);
                copyInto(page, FileData.within(offset + done), n, source, done);
                if (!page.dirty) {
                    file.markDirty(page, reserved, need);
                }
                done += n;
            }
        } finally {
            for (int i = 0; i < taken; i++) {
                file.unlock(pages[i]);
            }
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Returns how many of {@code length} bytes from {@code at} on lie in the block that {@code at} lies in. */
    private static int inBlock(long at, long length) {
        return (int) Math.min(Block.SIZE - FileData.within(at), length);
    }

    /** Locks a page that is to be written to, up to date unless it is written as a whole. */
    private Page takeNowait(long block, boolean whole) throws HoldfastException {
        Page page = file.tryLockPage(block);
        if (page == null) {
            throw wouldBlock();
        }
        boolean done = false;
        try {
            if (!whole && !page.uptodate) {
                fill(page);
            }
            done = true;
            return page;
        } finally {
            if (!done) {
                file.unlock(page);
            }
        }
    }

    private HoldfastException wouldBlock() {
        return new WouldBlockException(file.name() + ": the write would wait or fall back");
    }

    // ---- buffered ----

    private void writePiece(long offset, MemorySegment source) throws HoldfastException {
        long need = needOf(offset, source);
        int blocks = (int) (FileData.blockAfter(offset + source.byteSize()) - FileData.blockOf(offset));
        Reservation reserved = reserve(blocks * need);
        if (reserved == null) {
            writeSingly(offset, source, need);
        } else {
            copyIn(offset, source, need, reserved);
        }
    }

    /** Returns what a block of a piece needs at most: itself, and the map nodes on its path. */
    private long needOf(long offset, MemorySegment source) {
        return 1L + file.map.nodesFor(FileData.blockAfter(offset + source.byteSize()) - 1);
    }

    /** Reserves space for a piece; null if the volume has not so much left. */
    private @Nullable Reservation reserve(long blocks) throws HoldfastException {
        Reservation reserved;
        try {
            reserved = writer.reserver().reserve(blocks, Purpose.WRITE, false);
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.NO_SPACE) {
                throw e;
            }
            return null;
        }
        Inject.at(Point.WRITE_RESERVED);
        return reserved;
    }

    /** The volume is full: block by block, as far as blocks need no new space or have it promised. */
    private void writeSingly(long offset, MemorySegment source, long need) throws HoldfastException {
        long done = 0;
        while (done < source.byteSize()) {
            long at = offset + done;
            long n = Math.min(Block.SIZE - FileData.within(at), source.byteSize() - done);
            Reservation reserved = writer.space().emptyReservation();
            if (!file.dirty.contains(FileData.blockOf(at))) {
                boolean promised = file.lookup(FileData.blockOf(at)).isUnwritten();
                reserved = writer.reserver().reserve(need, promised ? Purpose.WRITE_UNWRITTEN : Purpose.WRITE, false);
            }
            copyIn(at, source.asSlice(done, n), need, reserved);
            done += n;
        }
    }

    /** Copies into pages, and closes the reservation. */
    private void copyIn(long offset, MemorySegment source, long need, Reservation reserved) throws HoldfastException {
        Lock layout = null;
        try {
            layout = lockLayout(offset + source.byteSize());
            long done = 0;
            while (done < source.byteSize()) {
                long at = offset + done;
                int within = FileData.within(at);
                int n = inBlock(at, source.byteSize() - done);
                copyBlock(at, within, n, source, done, need, reserved);
                done += n;
            }
        } finally {
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Locks the layout for a write that ends at {@code end}; what it would grow over is zero then. */
    private Lock lockLayout(long end) throws HoldfastException {
        Lock shared = file.layout.readLock();
        if (!nowait) {
            shared.lock();
        } else if (!shared.tryLock()) {
            throw wouldBlock();
        }
        if (fixedSize && !Inject.off(Guard.SIZE_HELD)) {
            boolean within = false;
            try {
                requireWithinSize(end);
                within = true;
                return shared;
            } finally {
                if (!within) {
                    shared.unlock();
                }
            }
        }
        if (!growsOverTail(end)) {
            return shared;
        }
        shared.unlock();
        if (nowait) {
            throw wouldBlock();
        }
        Lock exclusive = file.layout.writeLock();
        exclusive.lock();
        boolean done = false;
        try {
            zeroTail(end);
            done = true;
            return exclusive;
        } finally {
            if (!done) {
                exclusive.unlock();
            }
        }
    }

    /** Refuses a write that ends beyond the end of a file whose size is to stay. */
    private void requireWithinSize(long end) throws HoldfastException {
        if (fixedSize && Long.compareUnsigned(end, file.size()) > 0) {
            throw Ranges.beyondEnd(file, end);
        }
    }

    private boolean growsOverTail(long end) {
        return !Inject.off(Guard.TAIL_ZEROED)
                && FileData.within(file.size()) != 0
                && Long.compareUnsigned(end, file.size()) > 0;
    }

    /** Copies into one page, which takes over what was reserved for it if it becomes dirty. */
    private void copyBlock(long at, int within, int n, MemorySegment source, long from, long need, Reservation reserved)
            throws HoldfastException {
        while (true) {
            Page page = file.lockPage(FileData.blockOf(at), false);
            try {
                if (page.dirty || reserved.blocks() >= need || Inject.off(Guard.RESERVATION_RECHECKED)) {
                    copyInto(page, within, n, source, from);
                    Inject.at(Point.PAGE_COPIED);
                    file.contentChanged(at + n, false);
                    Inject.at(Point.SIZE_CHANGED);
                    if (!page.dirty) {
                        file.markDirty(page, reserved, need);
                    }
                    return;
                }
            } finally {
                file.unlock(page);
            }
            // The page was dirty when the space was counted and has been written back since.
            try (Reservation more = writer.reserver().reserve(need, Purpose.WRITE, false)) {
                more.moveTo(reserved);
            }
        }
    }

    private void copyInto(Page page, int within, int n, MemorySegment source, long from) throws HoldfastException {
        if (n < Block.SIZE && !page.uptodate) {
            fill(page);
        }
        MemorySegment.copy(source, from, page.memory, within, n);
        page.uptodate = true;
        page.dropAfterWriteback = direct;
        file.context.counters().stableCopies.increment();
    }

    /** Reads the old content of a locked page that is to be written in part. */
    private void fill(Page page) throws HoldfastException {
        if (nowait && file.lookupInMemory(page.block).isData()) {
            throw wouldBlock();
        }
        file.context.reader().read(file.map, file.name(), page.block, 1, (index, content, at, mapping) -> {
            MemorySegment.copy(content, at, page.memory, 0, Block.SIZE);
            return true;
        });
        page.uptodate = true;
    }

    /**
     * Zeroes what lies behind the end of the file in its last block, before the file grows over it, and has that on the
     * device before the log can have the new size. The layout must be held exclusively.
     */
    void zeroTail(long end) throws HoldfastException {
        if (growsOverTail(end)) {
            long block = FileData.blockOf(file.size());
            if (zeroWithin(block, FileData.within(file.size()), Block.SIZE)) {
                writeback.writeRange(file, block, block + 1);
            }
            Inject.at(Point.TAIL_ZEROED);
        }
    }

    /**
     * Zeroes a part of one block, unless nothing is there. The layout must be held.
     *
     * @param from first byte in the block
     * @param to behind the last
     * @return whether anything but zeroes was there
     */
    boolean zeroWithin(long block, int from, int to) throws HoldfastException {
        if (!file.pages.contains(block) && !file.lookup(block).isData()) {
            return false;
        }
        long need = 1L + file.map.nodesFor(block);
        try (Reservation reserved = writer.reserver().reserve(need, Purpose.RELEASE, nowait)) {
            Page page = file.lockPage(block, nowait);
            try {
                if (!page.uptodate) {
                    fill(page);
                }
                MemorySegment part = page.memory.asSlice(from, to - from);
                if (part.mismatch(ZEROES.asSlice(0, to - from)) < 0) {
                    return false;
                }
                part.fill((byte) 0);
                page.dropAfterWriteback = false;
                if (!page.dirty) {
                    file.markDirty(page, reserved, need);
                }
                return true;
            } finally {
                file.unlock(page);
            }
        }
    }

    // ---- sealed ----

    /** Writes several pieces, not direct ones, as {@link io.holdfast.volume.StoredFile#writeTogether} says. */
    boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        SealedSource source = SealedSource.of(pieces, PIECE_BLOCKS);
        if (source == null) {
            return false;
        }
        writeback.requireRoom();
        writeback.throttle();
        long end = (source.last() + 1) * Block.SIZE;
        if (fixedSize && Long.compareUnsigned(end, file.size()) > 0) {
            return false;
        }
        boolean written = seal(source, end);
        writer.checkpointer().poke();
        return written;
    }

    /**
     * Writes whole blocks straight into records.
     *
     * @param end the file's size afterwards, if it was less
     */
    private void sealPiece(long offset, MemorySegment source, long end) throws HoldfastException {
        if (!seal(SealedSource.of(offset, source), end)) {
            writeSingly(offset, source, needOf(offset, source));
        }
    }

    /** As {@link #sealPiece}, of several runs; returns false if there is not enough space for all of it. */
    private boolean seal(SealedSource source, long end) throws HoldfastException {
        long need = 1L + file.map.nodesFor(source.last());
        Reservation reserved = reserve(source.blocks() * need);
        if (reserved == null) {
            return false;
        }
        SealedWriting sealing = new SealedWriting(file, writer, source, reserved, need);
        Lock layout = null;
        try {
            sealing.requireRoom();
            layout = lockLayout(end);
            file.contentChanged(end, false);
            Inject.at(Point.SIZE_CHANGED);
            layout = downgraded(layout);
            if (!file.sizeIsLogged(FileData.blockAfter(end) - 1) && !Inject.off(Guard.SIZE_BEFORE_DATA)) {
                file.logRecord(writer, List.of());
            }
            sealing.run();
            return true;
        } finally {
            if (layout != null) {
                layout.unlock();
            }
            reserved.close();
        }
    }

    /** Holds the layout no more than shared from here on. */
    private Lock downgraded(Lock held) {
        if (!file.layout.isWriteLockedByCurrentThread()) {
            return held;
        }
        Lock shared = file.layout.readLock();
        shared.lock();
        held.unlock();
        return shared;
    }

    // ---- zero-copy ----

    private boolean canLend(long offset, MemorySegment source) {
        return (!file.checksummed() || Inject.off(Guard.STABLE_COPY))
                && FileData.within(offset) == 0
                && LentBuffer.possible(source);
    }

    private void writeLent(long offset, MemorySegment source) throws HoldfastException {
        long blocks = source.byteSize() / Block.SIZE;
        if (!nowait) {
            writeback.requireRoom();
            writeback.throttle();
        } else if (writer.room().isMissing()
                || blocks > PIECE_BLOCKS
                || writer.checkpointer().overloaded()
                || growsOverTail(offset + source.byteSize())
                || file.nextInMemory(FileData.blockOf(offset)) < FileData.blockOf(offset) + blocks) {
            throw wouldBlock();
        }
        long done = 0;
        while (done < source.byteSize()) {
            long n = Math.min((long) PIECE_BLOCKS * Block.SIZE, source.byteSize() - done);
            lend(offset + done, source.asSlice(done, n));
            done += n;
        }
        writer.checkpointer().poke();
    }

    private void lend(long offset, MemorySegment source) throws HoldfastException {
        long first = FileData.blockOf(offset);
        int blocks = (int) (source.byteSize() / Block.SIZE);
        long nodes = file.map.nodesFor(first + blocks - 1);
        Reservation reserved = writer.reserver().reserve(blocks * (1 + nodes), Purpose.WRITE, nowait);
        boolean appended = false;
        List<Page> superseded = new ArrayList<>();
        if (!nowait) {
            file.layout.writeLock().lock();
        } else if (!file.layout.writeLock().tryLock()) {
            reserved.close();
            throw wouldBlock();
        }
        try {
            if (!Inject.off(Guard.SIZE_HELD)) {
                requireWithinSize(offset + source.byteSize());
            }
            zeroTail(offset + source.byteSize());
            file.contentChanged(offset + source.byteSize(), false);
            if (!file.sizeIsLogged(first + blocks - 1)) {
                file.logRecord(writer, List.of());
            }
            // A page of these blocks would hide what is written now; dirty ones are superseded as a whole. But should
            // the
            // device fail, they still are what the file holds. Locked, they are not written back meanwhile.
            superseded.addAll(file.lockRange(first, first + blocks));
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
