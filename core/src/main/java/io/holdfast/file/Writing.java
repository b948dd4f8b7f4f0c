package io.holdfast.file;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The write path: chooses the way of each write. A buffered write copies into pages. A direct or long write puts its
 * whole blocks straight into records. For a direct write to a file without checksums the device reads the caller's
 * memory. Has no state of its own: one object serves all writes of a handle with the same flags, from any thread.
 */
final class Writing {
    /** Blocks written under one reservation. */
    static final int PIECE_BLOCKS = 256;

    /** A buffered write of so many whole blocks goes to the device at once: the transfer costs more than its start. */
    static final int SEALED_BLOCKS_MIN = 16;

    private final WriteScope scope;
    private final FileData file;
    private final BufferedWriting buffered;
    private final SealedWrites sealed;
    private final NowaitWriting nowait;
    private final LentWriting lent;

    Writing(WriteScope scope) {
        this.scope = scope;
        this.file = scope.file;
        this.buffered = new BufferedWriting(scope);
        this.sealed = new SealedWrites(scope, buffered);
        this.nowait = new NowaitWriting(scope);
        this.lent = new LentWriting(scope);
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
        scope.requireWithinSize(offset + length);
        if (scope.direct && lent.isPossible(offset, source)) {
            lent.write(offset, source);
            return;
        }
        if (scope.nowait) {
            nowait.write(offset, source);
            return;
        }
        scope.writeback.requireRoom();
        scope.writeback.throttle();
        long wholeBlocks = FileData.blockOf(offset + length) - FileData.blockAfter(offset);
        boolean seals = wholeBlocks >= (scope.direct ? 1 : SEALED_BLOCKS_MIN);
        long done = 0;
        while (done < length) {
            long n = piece(offset + done, length - done, seals);
            long blocks = FileData.blockAfter(offset + done + n) - FileData.blockOf(offset + done);
            scope.admit(blocks);
            try {
                if (seals && n % Block.SIZE == 0) {
                    // With the last whole block the size grows to the end of the write, so that no crash leaves a size
                    // that nobody asked for.
                    boolean last = length - done - n < Block.SIZE;
                    sealed.write(offset + done, source.asSlice(done, n), offset + (last ? length : done + n));
                } else {
                    buffered.write(offset + done, source.asSlice(done, n));
                }
            } finally {
                scope.endAdmitted(blocks);
            }
            done += n;
        }
        if (scope.direct) {
            // Writes the parts of blocks, or everything, if a full volume made the blocks go one by one.
            scope.writeback.writeRange(file, FileData.blockOf(offset), FileData.blockAfter(offset + length));
        }
        if (scope.direct || seals) {
            scope.writer.checkpointer().poke();
        }
    }

    /** Returns how much the next reservation covers; of a sealed write either whole blocks or a part of one. */
    private static long piece(long at, long left, boolean seals) {
        if (seals && (FileData.within(at) != 0 || left < Block.SIZE)) {
            return WriteScope.inBlock(at, left);
        }
        long n = Math.min((long) PIECE_BLOCKS * Block.SIZE - FileData.within(at), left);
        return seals ? n - n % Block.SIZE : n;
    }

    /** Writes several pieces, not direct ones, as {@link io.holdfast.volume.StoredFile#writeTogether} says. */
    boolean writeTogether(List<WritePiece> pieces) throws HoldfastException {
        return sealed.writeTogether(pieces);
    }
}
