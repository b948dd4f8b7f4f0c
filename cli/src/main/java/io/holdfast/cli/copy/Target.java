package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The target of an export. */
public interface Target extends AutoCloseable {
    /** Writes all of {@code data} at {@code offset}, which never goes back, but in a regular file. A skipped range is zero. */
    void write(long offset, ByteBuffer data) throws IOException;

    /**
     * Ends the copy, gives it this size, and returns once it is on the medium; or, if it is one of many, once a {@link
     * SyncBatch} knows it.
     */
    void finish(long size) throws IOException;

    /** Closes; if {@link #finish} was not called, discards what was written where that is possible. */
    @Override
    void close() throws IOException;
}
