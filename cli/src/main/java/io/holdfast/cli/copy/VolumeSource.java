package io.holdfast.cli.copy;

import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * Copies from a file of a volume. Holes and unwritten ranges are not read.
 *
 * <p>Invariant: exactly {@link #size} bytes are read. {@link #finish} fails if the file has another size by then.
 */
public final class VolumeSource implements Source {
    private static final int EXTENTS = 256;

    private final StoredFile file;
    private final String path;
    private final long size;

    /**
     * Takes an open file, which the caller closes.
     *
     * @throws HoldfastException {@code FILE_TOO_LARGE} if its size is no signed number
     */
    public VolumeSource(StoredFile file, String path) throws HoldfastException {
        this.file = file;
        this.path = path;
        this.size = file.size();
        if (size < 0) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    path + " has " + Sizes.show(size) + ", and a file that is copied may have less than 8 EiB");
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long nextData(long offset) throws HoldfastException {
        long at = offset;
        while (at < size) {
            List<Extent> extents = file.map(at, size - at, EXTENTS);
            if (extents.isEmpty()) {
                return size;
            }
            for (Extent extent : extents) {
                switch (extent.state()) {
                    case HOLE, UNWRITTEN -> at = extent.offset() + extent.length();
                    // Reading what is lost gives the error with its reason.
                    case WRITTEN, LOST -> {
                        return at;
                    }
                }
            }
        }
        return size;
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int wanted = target.remaining();
        int read = (int) file.read(offset, MemorySegment.ofBuffer(target), Set.of(ReadFlag.DIRECT));
        if (read < wanted) {
            throw changed();
        }
        target.position(target.limit());
        return read;
    }

    @Override
    public void finish() throws HoldfastException {
        if (file.size() != size) {
            throw changed();
        }
    }

    private HoldfastException changed() {
        return new HoldfastException(
                ErrorCode.FAILED,
                path + " was resized from " + Sizes.exact(size) + " to " + Sizes.exact(file.size())
                        + " while it was copied; copy it again");
    }

    @Override
    public void close() {}
}
