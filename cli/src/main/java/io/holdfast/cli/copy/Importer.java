package io.holdfast.cli.copy;

import io.holdfast.cli.Cancellation;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * Copies a file into a volume.
 *
 * <p>Invariant: the path leads either to the whole file, flushed, or to what it led to before. The data goes to an
 * unnamed file, which gets its name at the end. Until then nobody sees the file, and it vanishes with its handle,
 * however this ends.
 */
public final class Importer {
    static final int CHUNK_BYTES = 1 << 20;

    private final Volume volume;
    private final Progress progress;
    private final Cancellation cancel;

    public Importer(Volume volume, Progress progress, Cancellation cancel) {
        this.volume = volume;
        this.progress = progress;
        this.cancel = cancel;
    }

    /**
     * Imports.
     *
     * @param overwrite replace a file that exists at {@code path}
     * @param inUse what to do if others have that file open; they are cut off only when the new file is complete
     * @param claimed receives the claim when that has happened
     */
    public CopyResult run(
            Source source,
            String path,
            CreateOptions options,
            boolean overwrite,
            InUse inUse,
            Consumer<FileClaim> claimed)
            throws IOException {
        long start = System.nanoTime();
        requireRoom(path, overwrite);
        if (inUse == InUse.REFUSE) {
            // Check now as well, so that the command does not fail only after hours of copying.
            volume.claim(List.of(path), InUse.REFUSE).close();
        }
        try (StoredFile file = volume.createUnnamed(options.withSize(0))) {
            long written = copyWhole(source, file, path);
            source.finish();
            file.flush();
            cancel.check();
            try (FileClaim claim = volume.claim(List.of(path), inUse)) {
                claimed.accept(claim);
                volume.link(file, path, overwrite);
            }
            volume.sync();
            return new CopyResult(file.size(), written, System.nanoTime() - start, Losses.NONE);
        }
    }

    /** Copies all; says what becomes of what was copied if that has no room. */
    private long copyWhole(Source source, StoredFile file, String path) throws IOException {
        try {
            return copy(source, file);
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.NO_SPACE && e.code() != ErrorCode.HOST_FULL) {
                throw e;
            }
            throw new HoldfastException(
                    e.code(),
                    e.getMessage() + "; nothing of the new " + path + " is left, and its space comes free",
                    e);
        }
    }

    private long copy(Source source, StoredFile file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
        long written = 0;
        long at = source.nextData(0);
        long end = source.size();
        while (end < 0 || at < end) {
            cancel.check();
            at -= at % Volume.BLOCK_SIZE;
            buffer.clear();
            int wanted = end < 0 ? CHUNK_BYTES : (int) Math.min(CHUNK_BYTES, end - at);
            int read = source.read(at, buffer.limit(wanted));
            written += writeData(file, at, MemorySegment.ofBuffer(buffer.flip()));
            at += read;
            progress.update(source.progress(at), Math.max(source.progressTotal(), 0));
            if (read < wanted) {
                end = at;
            } else {
                at = source.nextData(at);
            }
        }
        file.truncate(Math.max(end, 0));
        return written;
    }

    private static long writeData(StoredFile file, long at, MemorySegment data) throws HoldfastException {
        long[] written = {0};
        ZeroBlocks.<HoldfastException>forEachRun(data, (from, length) -> {
            file.write(at + from, data.asSlice(from, length));
            written[0] += length;
        });
        return written[0];
    }

    private void requireRoom(String path, boolean overwrite) throws HoldfastException {
        FileKind kind;
        try {
            kind = volume.status(path).kind();
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.NOT_FOUND) {
                return;
            }
            throw e;
        }
        if (kind == FileKind.DIRECTORY) {
            throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, path + " is a directory; name a file in it");
        }
        if (!overwrite) {
            throw new HoldfastException(ErrorCode.EXISTS, path + " exists already; choose another name or use --force");
        }
    }
}
