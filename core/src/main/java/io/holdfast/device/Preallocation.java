package io.holdfast.device;

import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.LongConsumer;

/**
 * Takes the space of a regular file on its file system at once. Where the system cannot allocate, it writes zeroes. Used
 * once; {@link #undo} makes the file as long as it was at the beginning.
 */
final class Preallocation {
    /** A step: short enough for a command that is to end. */
    private static final int STEP_BLOCKS = (64 << 20) / Block.SIZE;

    private static final int ZERO_BLOCKS = (1 << 20) / Block.SIZE;
    private static final System.Logger LOG = System.getLogger("holdfast");

    private final Path path;
    private final BlockFile file;
    private final long bytesBefore;

    Preallocation(Path path, BlockFile file) throws IOException {
        this.path = path;
        this.file = file;
        this.bytesBefore = file.size();
    }

    /**
     * Requires that the file system has free what the file lacks, before any of it is taken.
     *
     * @throws NoRoomException with the numbers, if it has not
     */
    void require(long from, long end) throws IOException {
        long wanted = (end - from) * Block.SIZE;
        OptionalLong taken = FileSpace.of(path);
        long missing = taken.isPresent() ? Math.min(wanted, Math.max(0, end * Block.SIZE - taken.getAsLong())) : 0;
        FileStore store = Files.getFileStore(path);
        if (missing > store.getUnallocatedSpace()) {
            throw new NoRoomException("its file system has %s free, and %s more are needed"
                    .formatted(SizeText.exact(store.getUnallocatedSpace()), SizeText.exact(missing)));
        }
    }

    /**
     * Takes the room for the blocks from {@code from} up to {@code end}, which are within the file. What was in the file at the
     * beginning comes last: if zeroes must be written, it is still there when the rest finds no room.
     */
    void take(long from, long end, LongConsumer step) throws IOException {
        long old = Math.clamp(Math.ceilDiv(bytesBefore, Block.SIZE), from, end);
        takeInOrder(old, end, step);
        takeInOrder(from, old, done -> step.accept(end - old + done));
    }

    private void takeInOrder(long from, long end, LongConsumer step) throws IOException {
        long at = from;
        while (at < end) {
            long count = Math.min(STEP_BLOCKS, end - at);
            if (!file.allocate(at * Block.SIZE, count * Block.SIZE)) {
                count = Math.min(ZERO_BLOCKS, count);
                writeZeroes(at, count);
            }
            at += count;
            step.accept(at - from);
        }
    }

    private void writeZeroes(long block, long count) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment zeroes = arena.allocate(count * Block.SIZE, Block.SIZE);
            long written = 0;
            while (written < zeroes.byteSize()) {
                written += file.write(zeroes.asSlice(written), block * Block.SIZE + written);
            }
        }
    }

    /** Gives back what was taken behind the old end. Throws nothing: the caller has an error to report already. */
    void undo() {
        try {
            if (file.size() > bytesBefore) {
                file.truncate(bytesBefore);
            }
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "{0} stays as long as it has become, and cannot be cut back: {1}",
                    path,
                    e.getMessage());
        }
    }
}
