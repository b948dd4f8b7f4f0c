package io.holdfast.cli.copy;

import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A source that may not have more than so many bytes. Nothing beyond them is given out. */
public final class BoundedSource extends ForwardingSource {
    private final String name;
    private final long max;

    /**
     * Takes a source over.
     *
     * @param name for messages
     * @param max bytes, not negative
     * @throws HoldfastException {@code FILE_TOO_LARGE} if the source is known to have more; it stays open then
     */
    public BoundedSource(Source source, String name, long max) throws HoldfastException {
        super(source);
        this.name = name;
        this.max = max;
        if (source.size() > max) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    name + " has " + Sizes.show(source.size()) + ", and " + Sizes.show(max)
                            + " is the most that this import takes; nothing was imported");
        }
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int read = super.read(offset, target);
        if (read > max - offset) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    name + " has more than " + Sizes.show(max)
                            + ", the most that this import takes; nothing was imported");
        }
        return read;
    }
}
