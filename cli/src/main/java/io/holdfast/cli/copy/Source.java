package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where an import reads from: bytes in order, with holes it need not read. */
public interface Source extends AutoCloseable {
    /** Returns how many bytes will come, or -1 if that is not known. */
    long size();

    /** Returns the first offset at or after {@code offset} that may have data; {@link #size()} if there is none. */
    long nextData(long offset) throws IOException;

    /**
     * Fills {@code target} with the bytes at {@code offset}, which never goes back.
     *
     * @return bytes read, less than {@code target} has room for only at the end
     */
    int read(long offset, ByteBuffer target) throws IOException;

    /**
     * Makes sure that what was read is all that there is; called once after the last read.
     *
     * @throws IOException if the source has another size than it had
     */
    void finish() throws IOException;

    @Override
    void close() throws IOException;
}
