package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.StoredFile;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The files that one connection has open. One thread uses it.
 *
 * <p>Invariant: at most {@code max} files; a handle is never given out twice.
 */
final class OpenFiles implements AutoCloseable {
    private final int max;
    private final Map<Long, StoredFile> files = new HashMap<>();
    private long nextHandle = 1;

    OpenFiles(int max) {
        this.max = max;
    }

    /** Takes over the file and returns its handle; closes the file if there are too many. */
    long add(StoredFile file) throws HoldfastException {
        if (files.size() >= max) {
            file.close();
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY, "this control connection has " + max + " files open; close some first");
        }
        files.put(nextHandle, file);
        return nextHandle++;
    }

    StoredFile get(long handle) throws HoldfastException {
        return Optional.ofNullable(files.get(handle))
                .orElseThrow(() -> new HoldfastException(ErrorCode.CLOSED, "no open file has the handle " + handle));
    }

    void close(long handle) throws HoldfastException {
        get(handle).close();
        files.remove(handle);
    }

    @Override
    public void close() {
        files.values().forEach(StoredFile::close);
        files.clear();
    }
}
