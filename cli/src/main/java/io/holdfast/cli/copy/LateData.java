package io.holdfast.cli.copy;

import io.holdfast.cli.Cancellation;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Finds out whether a regular file has data other than zeroes anywhere. Holes are not read. */
public final class LateData {
    private LateData() {}

    /** Returns the offset of the first block that is not all zero; empty if there is none, or no regular file. */
    public static OptionalLong find(Path file, Cancellation cancel) throws IOException {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            return OptionalLong.empty();
        }
        try (FileSource source = FileSource.open(file)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(Importer.CHUNK_BYTES);
            long at = source.nextData(0);
            while (at < source.size()) {
                cancel.check();
                at -= at % Volume.BLOCK_SIZE;
                buffer.clear().limit((int) Math.min(buffer.capacity(), source.size() - at));
                int read = source.read(at, buffer);
                OptionalLong found = ZeroBlocks.firstData(MemorySegment.ofBuffer(buffer.flip()));
                if (found.isPresent()) {
                    return OptionalLong.of(at + found.getAsLong());
                }
                at = source.nextData(at + read);
            }
            return OptionalLong.empty();
        }
    }
}
