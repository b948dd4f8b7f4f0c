package io.holdfast.log;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.format.Block;
import io.holdfast.format.LogEntries;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogRecord;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Records of small changes alone. The header has the changes if they fit. Else it points to a payload of up to 31
 * blocks of its own, each of which is written twice.
 */
final class SmallRecords {
    /** Blocks of the largest payload, each counted once. */
    private static final int PAYLOAD_MAX = 31;

    /** Bytes of small changes in one record. */
    static final int BYTES_MAX = PAYLOAD_MAX * Block.SIZE;

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
        this.buffers = beside.beside(4, LogRecord.COPIES + PAYLOAD_MAX);
    }

    /** Returns how many blocks so many bytes of small changes need besides header and twin: each of them twice. */
    static int payloadBlocks(long bytes) {
        return 2 * payloadLength(bytes);
    }

    /** Returns in how many blocks so many bytes of small changes lie besides a header; 0 if they fit the header. */
    private static int payloadLength(long bytes) {
        return bytes <= LogRecord.ROOM ? 0 : Math.toIntExact(Block.count(bytes));
    }

    /** Returns how many blocks a record with the next of {@code pendingBytes} takes. */
    static long blocksOfNext(long pendingBytes) {
        return (long) LogRecord.COPIES + payloadBlocks(Math.min(pendingBytes, BYTES_MAX));
    }

    /** Places a record with as many of the changes as go into one. Called under the log's lock, with the room ready. */
    PlacedRecord place(PendingChanges pending) {
        return inBuffer(buffer -> place(pending.take(), buffer));
    }

    /** Places a record of one entry, which says how the log goes on. */
    PlacedRecord placeAlone(LogEntry entry) {
        return inBuffer(buffer -> entry instanceof LogEntry.Mount mount
                ? chain.placeMount(mount, buffer)
                : chain.place(List.of(entry), buffer, 0, List.of(), List.of()));
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
        int blocks = payloadLength(payload.length);
        if (blocks == 0) {
            return chain.place(entries, buffer, 0, List.of(), List.of());
        }
        List<Run> places = logSpace.take(blocks);
        List<Run> twins = logSpace.take(blocks);
        long[] first = blocksOf(places);
        long[] second = blocksOf(twins);
        List<LogEntry.PayloadBlock> pointers = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            byte[] piece = new byte[Block.SIZE];
            int from = i * Block.SIZE;
            System.arraycopy(payload, from, piece, 0, Math.min(piece.length, payload.length - from));
            buffer.copy(LogRecord.COPIES + i, piece);
            pointers.add(new LogEntry.PayloadBlock(first[i], second[i], checksum.of(piece)));
            space.release(first[i]);
            space.release(second[i]);
        }
        return chain.place(List.of(new LogEntry.Payload(payload.length, pointers)), buffer, blocks, places, twins);
    }

    private static long[] blocksOf(List<Run> runs) {
        return runs.stream()
                .flatMapToLong(run -> LongStream.range(run.start(), run.end()))
                .toArray();
    }

    int buffersInUse() {
        return buffers.inUse();
    }

    void close() {
        buffers.close();
    }
}
