package io.holdfast.cli.copy;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Copies a file into a volume.
 *
 * <p>Invariant: the path leads to the whole file, flushed, or to what it led to before. The data goes to a file with
 * another name in the same directory, which gets its own name at the end and is removed after any failure.
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
     */
    public CopyResult run(Source source, String path, CreateOptions options, boolean overwrite) throws IOException {
        long start = System.nanoTime();
        if (!overwrite && exists(path)) {
            throw new HoldfastException(ErrorCode.EXISTS, path + " exists already; choose another name or use --force");
        }
        String temporary = Names.join(
                Names.parent(path),
                ".import-" + Long.toHexString(ThreadLocalRandom.current().nextLong()));
        boolean done = false;
        try (StoredFile file = volume.create(temporary, options.withSize(0))) {
            long written = copy(source, file);
            source.finish();
            file.flush();
            volume.rename(temporary, path);
            done = true;
            volume.sync();
            return new CopyResult(file.size(), written, System.nanoTime() - start, List.of(), 0);
        } finally {
            if (!done) {
                removeQuietly(temporary);
            }
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
            progress.update(at, Math.max(end, 0));
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

    private boolean exists(String path) throws HoldfastException {
        try {
            volume.status(path);
            return true;
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    private void removeQuietly(String path) {
        try {
            volume.remove(path);
        } catch (HoldfastException e) {
            System.getLogger(Importer.class.getName()).log(Level.DEBUG, "cannot remove " + path, e);
        }
    }
}
