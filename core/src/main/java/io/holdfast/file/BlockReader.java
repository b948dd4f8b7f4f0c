package io.holdfast.file;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.device.DeviceReads;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.StaleMappingEvent;
import io.holdfast.format.Block;
import io.holdfast.format.MapEntry;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.BlockMap;
import io.holdfast.mapping.MapExtent;
import io.holdfast.mapping.Mapping;
import io.holdfast.mapping.MappingRun;
import io.holdfast.mapping.UnreadableRangeException;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks of a file from the device into private memory, verifies them there, and only then hands them on (guard
 * {@code VERIFY_PRIVATE}).
 *
 * <p>If a mapping changed during the device read, the reader looks it up again (guard {@code CURRENT_AFTER_READ}): a
 * checksum mismatch means damage only if the mapping still holds.
 */
final class BlockReader {
    private static final String LOST =
            "what it had is lost, because a node of the map could not be read; write it again, or copy the file from a backup";

    /** Most blocks that one call reads. */
    final int blocksMax;

    private final BlockStore store;
    private final Checksum checksum;
    private final BufferPool buffers;
    private final ReaderEpochs readers;
    private final IoCounters counters;

    BlockReader(BlockStore store, Checksum checksum, BufferPool buffers, ReaderEpochs readers, IoCounters counters) {
        this.store = store;
        this.checksum = checksum;
        this.buffers = buffers;
        this.readers = readers;
        this.counters = counters;
        this.blocksMax = buffers.blocksPerBuffer();
    }

    /** Takes the blocks that were read. */
    interface Sink {
        /**
         * Takes one block, valid only during the call.
         *
         * @param index 0 for the first block asked for
         * @param mapping by which the block was read
         * @return false to end the reading here
         */
        boolean block(int index, MemorySegment content, long offset, Mapping mapping) throws HoldfastException;
    }

    /**
     * Reads up to {@link #blocksMax} blocks from {@code first} on.
     *
     * @param where the file's name in messages
     * @return blocks handed to the sink
     * @throws UnreadableRangeException without the file's name
     */
    int read(BlockMap map, String where, long first, int count, Sink sink) throws HoldfastException {
        int done = 0;
        int n = Math.min(count, blocksMax);
        int ticket = readers.enter();
        try {
            MemorySegment memory = buffers.takeMemory();
            try {
                while (done < n) {
                    int taken = readRun(map, where, first + done, n - done, memory, done, sink);
                    if (taken == 0) {
                        break;
                    }
                    done += taken;
                }
            } finally {
                buffers.giveBackMemory(memory);
            }
        } finally {
            readers.leave(ticket);
        }
        return done;
    }

    /** Returns the epochs of the readers, which may know places on the device. */
    ReaderEpochs readers() {
        return readers;
    }

    /** Opens a queue as {@link BlockStore#openReads} does. */
    @Nullable
    DeviceReads openReads(String name, Runnable handedOn) {
        return store.openReads(name, handedOn);
    }

    /** Looks a block up for a caller that is not registered as a reader. */
    Mapping lookup(BlockMap map, long block) throws HoldfastException {
        int ticket = readers.enter();
        try {
            return map.lookup(block);
        } finally {
            readers.leave(ticket);
        }
    }

    /** Does as {@link #lookup}, but throws {@code WOULD_BLOCK} where the device would have to be read. */
    Mapping lookupInMemory(BlockMap map, long block) throws HoldfastException {
        int ticket = readers.enter();
        try {
            return map.lookupInMemory(block);
        } finally {
            readers.leave(ticket);
        }
    }

    /** Brings the places of blocks into memory, for a caller as with {@link #lookup}. */
    void prepare(BlockMap map, long first, int count) throws HoldfastException {
        int ticket = readers.enter();
        try {
            map.lookup(first, count);
        } finally {
            readers.leave(ticket);
        }
    }

    /** Returns the state from a block on, for a caller as with {@link #lookup}. */
    MapExtent run(BlockMap map, long block) throws HoldfastException {
        int ticket = readers.enter();
        try {
            return map.run(block);
        } finally {
            readers.leave(ticket);
        }
    }

    /** Reads a run of blocks that lie side by side on the device, or of blocks without data. */
    private int readRun(BlockMap map, String where, long first, int count, MemorySegment memory, int index, Sink sink)
            throws HoldfastException {
        Mapping[] mappings = new Mapping[count];
        mappings[0] = map.lookup(first);
        requireKnown(map, mappings[0], first);
        int run = 1;
        while (run < count) {
            Mapping next = map.lookup(first + run);
            boolean adjacent =
                    mappings[0].isData() ? next.isData() && next.block() == mappings[0].block() + run : next.isZeroes();
            if (!adjacent) {
                break;
            }
            mappings[run++] = next;
        }
        Inject.at(Point.READ_MAPPED);
        if (mappings[0].isData()) {
            readData(map, where, first, mappings, run, memory);
        } else {
            memory.asSlice(0, (long) run * Block.SIZE).fill((byte) 0);
        }
        for (int i = 0; i < run; i++) {
            if (!sink.block(index + i, memory, (long) i * Block.SIZE, mappings[i])) {
                return i;
            }
        }
        return run;
    }

    private void readData(BlockMap map, String where, long first, Mapping[] mappings, int run, MemorySegment memory)
            throws HoldfastException {
        Answer answer = store.read(
                BlockStore.Kind.DATA,
                mappings[0].block(),
                memory.asSlice(0, (long) run * Block.SIZE),
                (index, read, offset) -> verified(mappings[index], read, offset));
        Inject.at(Point.READ_DONE);
        for (int i = answer.nextBad(0); i >= 0; i = answer.nextBad(i + 1)) {
            MemorySegment block = memory.asSlice((long) i * Block.SIZE, Block.SIZE);
            mappings[i] = readAgain(map, where, first + i, mappings[i], answer.error(i), block);
        }
    }

    /**
     * Reads a bad block again by the mapping that it has now. The error stands only if the mapping by which the block
     * was read still holds.
     *
     * @param error the device's; null if the checksum did not match
     * @return the mapping by which it was read in the end
     */
    private Mapping readAgain(
            BlockMap map,
            String where,
            long fileBlock,
            Mapping before,
            @Nullable HoldfastException error,
            MemorySegment block)
            throws HoldfastException {
        Mapping mapping = before;
        HoldfastException why = error;
        while (true) {
            Mapping now = map.lookup(fileBlock);
            if (now.word() == mapping.word() && now.checksum() == mapping.checksum()) {
                if (why != null) {
                    throw new HoldfastException(
                            why.code(), place(where, fileBlock, now) + ": " + why.getMessage(), why);
                }
                counters.checksumErrors.increment();
                throw mismatch(where, fileBlock, now);
            }
            counters.staleMappings.increment();
            StaleMappingEvent.emit(where, fileBlock);
            mapping = now;
            requireKnown(map, now, fileBlock);
            if (!now.isData()) {
                block.fill((byte) 0);
                return now;
            }
            Answer answer = store.read(
                    BlockStore.Kind.DATA, now.block(), block, (index, read, offset) -> verified(now, read, offset));
            if (answer.isGood()) {
                return now;
            }
            why = answer.error(0);
        }
    }

    /** Refuses a block of which the map lost what it was: never zeroes in its place. */
    private static void requireKnown(BlockMap map, Mapping mapping, long fileBlock) throws HoldfastException {
        if (mapping.isLost()) {
            MapExtent lost = map.run(fileBlock);
            boolean still = MapEntry.state(lost.word()) == MapEntry.LOST;
            throw new UnreadableRangeException(ErrorCode.DAMAGED, LOST, fileBlock, still ? lost.length() : 1, null);
        }
    }

    private boolean verified(Mapping mapping, MemorySegment memory, long at) {
        return Inject.off(Guard.VERIFY_PRIVATE) || matches(mapping, memory, at);
    }

    /** Returns whether a block has the checksum that it should have, if any. */
    boolean matches(Mapping mapping, MemorySegment memory, long at) {
        return !mapping.isChecksummed() || checksum.of(memory, at, Block.SIZE) == mapping.checksum();
    }

    /** Returns whether all blocks of a run have the checksums that they should have, if any. */
    boolean match(MappingRun run, MemorySegment memory) {
        long[] sums = new long[run.count()];
        checksum.ofBlocks(memory, Block.SIZE, sums);
        for (int i = 0; i < sums.length; i++) {
            if (run.isChecksummed(i) && sums[i] != run.checksum(i)) {
                return false;
            }
        }
        return true;
    }

    /** Verifies a block in the caller's memory: the fault that the guard {@code VERIFY_PRIVATE} avoids. */
    void verifyShown(String where, long fileBlock, Mapping mapping, MemorySegment shown) throws HoldfastException {
        if (shown.byteSize() >= Block.SIZE && !matches(mapping, shown, 0)) {
            throw mismatch(where, fileBlock, mapping);
        }
    }

    /** Returns the checksum of each block of some memory. */
    long[] checksumsOf(MemorySegment blocks) {
        long[] sums = new long[(int) (blocks.byteSize() / Block.SIZE)];
        checksum.ofBlocks(blocks, Block.SIZE, sums);
        return sums;
    }

    private HoldfastException mismatch(String where, long fileBlock, Mapping mapping) {
        return new HoldfastException(
                ErrorCode.CHECKSUM_MISMATCH,
                place(where, fileBlock, mapping) + ": what is on the device does not match its checksum");
    }

    private String place(String where, long fileBlock, Mapping mapping) {
        return "%s: offset %s, length %d (block %d of %s)"
                .formatted(
                        where,
                        Long.toUnsignedString(fileBlock * Block.SIZE),
                        Block.SIZE,
                        mapping.block(),
                        store.name());
    }
}
