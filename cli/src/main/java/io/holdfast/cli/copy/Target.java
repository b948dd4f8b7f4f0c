package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an export writes to. */
public interface Target extends AutoCloseable {
    /** Writes all of {@code data} at {@code offset}, which never goes back. What was skipped is zero. */
    void write(long offset, ByteBuffer data) throws IOException;

    /** Ends the copy: its size is {@code size}, and it is on the medium when this returns. */
    void finish(long size) throws IOException;

    /** Closes; without {@link #finish} before, what was written is discarded where that is possible. */
    @Override
    void close() throws IOException;
}
