package io.holdfast.cli.copy;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * Copies a file out of a volume. Holes are not read, and blocks of zeroes are not written. Neither is what cannot be read:
 * so going past a range of terabytes takes no time and no space.
 */
public final class Exporter {
    private static final int EXTENTS = 1024;

    private final Progress progress;
    private final Cancellation cancel;
    private final boolean keepGoing;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(Importer.CHUNK_BYTES);
    private LossCount losses = new LossCount();
    private long written;

    /**
     * Makes an exporter for one copy after the other.
     *
     * @param keepGoing do not end the copy at what cannot be read: leave it zero in the copy and report it
     */
    public Exporter(Progress progress, Cancellation cancel, boolean keepGoing) {
        this.progress = progress;
        this.cancel = cancel;
        this.keepGoing = keepGoing;
    }

    /** Returns how many bytes were written of the file that is exported now, or was exported last. */
    public long written() {
        return written;
    }

    /** Exports the file in its current size. */
    public CopyResult run(StoredFile file, long size, Target target) throws IOException {
        long start = System.nanoTime();
        losses = new LossCount();
        written = 0;
        long at = 0;
        while (at < size) {
            List<Extent> extents = file.map(at, size - at, EXTENTS);
            if (extents.isEmpty()) {
                break;
            }
            for (Extent extent : extents) {
                long end = extent.offset() + extent.length();
                at = switch (extent.state()) {
                    case HOLE, UNWRITTEN -> end;
                    case WRITTEN -> copy(file, extent.offset(), end, target);
                    case LOST -> goPast(file, extent, target);
                };
                progress.update(at, size);
                if (at < end) {
                    break;
                }
            }
        }
        requireSize(file, size);
        target.finish(size);
        return new CopyResult(size, written, System.nanoTime() - start, losses.result());
    }

    /** Fails if the file was resized meanwhile: the copy would not be the whole file. */
    private static void requireSize(StoredFile file, long size) throws HoldfastException {
        long now = file.size();
        if (now != size) {
            throw new HoldfastException(
                    ErrorCode.FAILED,
                    "the file was resized from " + Sizes.exact(size) + " to " + Sizes.exact(now)
                            + " while it was exported; export it again");
        }
    }

    /**
     * Goes past a range of which the map does not say what it has. Reading its beginning gives the reason.
     *
     * @return where to go on: behind the range, or behind its first block if that can be read after all
     */
    private long goPast(StoredFile file, Extent extent, Target target) throws IOException {
        cancel.check();
        long at = extent.offset();
        int length = (int) Math.min(Volume.BLOCK_SIZE - at % Volume.BLOCK_SIZE, extent.length());
        try {
            readOrZero(file, at, MemorySegment.ofBuffer(buffer.clear().limit(length)));
        } catch (HoldfastException e) {
            if (!keepGoing || !isUnreadable(e)) {
                throw e;
            }
            losses.range(at, extent.length(), String.valueOf(e.getMessage()));
            return at + extent.length();
        }
        write(at, target);
        return at + length;
    }

    private long copy(StoredFile file, long from, long to, Target target) throws IOException {
        for (long at = from; at < to; at += buffer.limit()) {
            cancel.check();
            int length = (int) Math.min(buffer.capacity(), to - at);
            read(file, at, buffer.clear().limit(length));
            write(at, target);
            progress.update(at + length, 0);
        }
        return to;
    }

    private void write(long at, Target target) throws IOException {
        MemorySegment data = MemorySegment.ofBuffer(buffer);
        ZeroBlocks.<IOException>forEachRun(data, (from, length) -> {
            target.write(at + from, data.asSlice(from, length).asByteBuffer());
            written += length;
        });
    }

    private void read(StoredFile file, long at, ByteBuffer chunk) throws HoldfastException {
        MemorySegment target = MemorySegment.ofBuffer(chunk);
        try {
            readOrZero(file, at, target);
        } catch (HoldfastException e) {
            if (!keepGoing || !isUnreadable(e)) {
                throw e;
            }
            readBlocks(file, at, target);
        }
    }

    /** Reads block by block a range that could not be read at once, so that only the bad blocks are missing. */
    private void readBlocks(StoredFile file, long at, MemorySegment target) throws HoldfastException {
        for (long done = 0; done < target.byteSize(); done += Volume.BLOCK_SIZE) {
            MemorySegment block = target.asSlice(done, Math.min(Volume.BLOCK_SIZE, target.byteSize() - done));
            try {
                readOrZero(file, at + done, block);
            } catch (HoldfastException e) {
                if (!isUnreadable(e)) {
                    throw e;
                }
                block.fill((byte) 0);
                losses.block(at + done, block.byteSize(), String.valueOf(e.getMessage()));
            }
        }
    }

    /**
     * Reads, and treats bytes behind the end of a file that shrank meanwhile as zero; {@link #requireSize} finds that
     * out later.
     */
    private static void readOrZero(StoredFile file, long at, MemorySegment target) throws HoldfastException {
        long read = file.read(at, target, Set.of(ReadFlag.DIRECT));
        target.asSlice(read).fill((byte) 0);
    }

    private static boolean isUnreadable(HoldfastException e) {
        return switch (e.code()) {
            case CHECKSUM_MISMATCH, DEVICE_ERROR, DAMAGED -> true;
            default -> false;
        };
    }
}
