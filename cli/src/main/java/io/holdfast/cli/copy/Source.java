package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The source of an import: bytes in order, with holes that need not be read. */
public interface Source extends AutoCloseable {
    /** Returns how many bytes will come, or -1 if that is not known. */
    long size();

    /** Returns the first offset at or after {@code offset} that may have data; {@link #size()} if there is none. */
    long nextData(long offset) throws IOException;

    /**
     * Fills {@code target} with the bytes at {@code offset}, which never goes back.
     *
     * @return bytes read; fewer than {@code target} has room for only at the end
     */
    int read(long offset, ByteBuffer target) throws IOException;

    /** Returns how far the import is when all before {@code offset} is done, in bytes of {@link #progressTotal}. */
    default long progress(long offset) {
        return offset;
    }

    /** Returns what {@link #progress} comes to at the end, or -1 if that is not known. */
    default long progressTotal() {
        return size();
    }

    /**
     * Checks that all of the source has been read; called once after the last read.
     *
     * @throws IOException if the source has another size than it had
     */
    void finish() throws IOException;

    @Override
    void close() throws IOException;
}
