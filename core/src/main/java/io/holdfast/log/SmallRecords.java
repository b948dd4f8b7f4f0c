package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.LogEntries;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.ArrayList;
import java.util.List;

/**
 * Records of small changes alone. The header has the changes if they fit. Else it points to a payload of up to 31
 * blocks of its own.
 */
final class SmallRecords {
    /** Blocks of such a record: its header and the largest payload. */
    private static final int BLOCKS_MAX = 32;

    /** Bytes of small changes in one record. */
    static final int BYTES_MAX = (BLOCKS_MAX - 1) * Block.SIZE;

    private final Checksum checksum;
    private final SpaceManager space;
    private final LogSpace logSpace;
    private final RecordChain chain;
    private final BufferPool buffers;

    SmallRecords(Checksum checksum, SpaceManager space, LogSpace logSpace, RecordChain chain, BatchBuffers beside) {
        this.checksum = checksum;
        this.space = space;
        this.logSpace = logSpace;
        this.chain = chain;
        this.buffers = beside.beside(4, BLOCKS_MAX);
    }

    /** Returns how many blocks so many bytes of small changes need besides a header. */
    static int payloadBlocks(long bytes) {
        return bytes <= LogRecord.ROOM ? 0 : Math.toIntExact(Block.count(bytes));
    }

    /** Returns how many blocks a record with the next of {@code pendingBytes} takes. */
    static long blocksOfNext(long pendingBytes) {
        return 1L + payloadBlocks(Math.min(pendingBytes, BYTES_MAX));
    }

    /** Places a record with as many of the changes as go into one. Called under the log's lock, with the room ready. */
    PlacedRecord place(PendingChanges pending) {
        return inBuffer(buffer -> place(pending.take(), buffer));
    }

    /** Places a record of one entry, which says how the log goes on. */
    PlacedRecord placeAlone(LogEntry entry) {
        return inBuffer(buffer -> entry instanceof LogEntry.Mount mount
                ? chain.placeMount(mount, buffer)
                : chain.place(List.of(entry), buffer, 0, List.of()));
    }

    /** Gives a record its place, with its header in a buffer. */
    private interface Placing {
        PlacedRecord place(BlockBuffer buffer);
    }

    private PlacedRecord inBuffer(Placing placing) {
        BlockBuffer buffer = buffers.take();
        boolean placed = false;
        try {
            PlacedRecord record = placing.place(buffer);
            placed = true;
            return record;
        } finally {
            if (!placed && !buffer.isSealed()) {
                buffer.discard();
            }
        }
    }

    private PlacedRecord place(List<LogEntry> entries, BlockBuffer buffer) {
        byte[] payload = LogEntries.encode(entries);
        int blocks = payloadBlocks(payload.length);
        if (blocks == 0) {
            return chain.place(entries, buffer, 0, List.of());
        }
        List<Run> places = logSpace.take(blocks);
        List<BlockPointer> pointers = new ArrayList<>();
        int slot = 1;
        for (Run run : places) {
            for (long block = run.start(); block < run.end(); block++) {
                byte[] piece = new byte[Block.SIZE];
                int from = (slot - 1) * Block.SIZE;
                System.arraycopy(payload, from, piece, 0, Math.min(piece.length, payload.length - from));
                buffer.copy(slot++, piece);
                pointers.add(new BlockPointer(block, checksum.of(piece)));
                space.release(block);
            }
        }
        return chain.place(List.of(new LogEntry.Payload(payload.length, pointers)), buffer, blocks, places);
    }

    int buffersInUse() {
        return buffers.inUse();
    }

    void close() {
        buffers.close();
    }
}
