package io.holdfast.checkpoint;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.BlockPointer;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.mapping.MapChanges;
import io.holdfast.node.NodeCache;
import io.holdfast.node.PartReader;
import io.holdfast.node.RootWriter;
import io.holdfast.node.SiblingsAhead;
import io.holdfast.space.BlockList;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the nodes of one checkpoint, side by side in large writes, and notes which blocks come into the trees and
 * which leave them. Used by one thread.
 *
 * <p>Invariants: a gathered node that is not written yet is in the node cache, so that it can be read back. A write that failed
 * fails every later one, and {@link #finish}: who asked for a node must not take it for one that cannot be read, and go on.
 */
final class CheckpointWriter implements MapChanges, RootWriter, PartReader {
    private final Device device;
    private final Checksum checksum;
    private final SpaceManager space;
    private final NodeCache nodes;
    private final SiblingsAhead ahead;
    private final BufferPool buffers;
    private final HostRoom room;
    private final Runnable pulse;
    /** Only for the proof of a guard: blocks to use for the next nodes, though the last checkpoint needs them. */
    private final @Nullable ArrayDeque<Long> reusable;

    private final BlockList taken;
    private final BlockList dropped;
    private final List<String> leaks = new ArrayList<>();
    private long allocated;
    private long unwritten;
    private long written;

    private @Nullable HoldfastException failure;
    private @Nullable BlockBuffer gathering;
    private int gathered;
    private long gatheredStart;
    private long next;
    private long runEnd;

    /**
     * @param reusesAtOnce only for the proof of a guard: what is dropped may be used for the next node
     * @param pulse called before each node; ends the run by throwing
     */
    CheckpointWriter(VolumeState volume, boolean reusesAtOnce, Runnable pulse) {
        this.reusable = reusesAtOnce ? new ArrayDeque<>() : null;
        this.pulse = pulse;
        this.device = volume.device();
        this.checksum = volume.checksum();
        this.space = volume.space();
        this.taken = new BlockList(volume.layout());
        this.dropped = new BlockList(volume.layout());
        this.nodes = volume.nodes();
        this.ahead = new SiblingsAhead(volume.store(), volume.checksum(), volume.nodes());
        this.buffers = volume.nodeBuffers();
        this.room = volume.room();
    }

    @Override
    public void copy(BlockPointer pointer, String structure, Following following, int from, byte[] into, int length)
            throws HoldfastException {
        if (nodes.peek(pointer, from, into, length)) {
            return;
        }
        if (following.isCertain()) {
            ahead.read(pointer, following);
        }
        try {
            nodes.copy(pointer, structure, following.isCertain() ? Following.NONE : following, from, into, length);
        } catch (HoldfastException e) {
            if (gathered == 0) {
                throw e;
            }
            writeGathered();
            nodes.copy(pointer, structure, Following.NONE, from, into, length);
        }
    }

    @Override
    public BlockPointer write(byte[] node) throws HoldfastException {
        pulse.run();
        BlockBuffer buffer = gathering;
        if (buffer != null && (next == runEnd || gathered == buffer.blocks())) {
            writeGathered();
            buffer = null;
        }
        if (next == runEnd) {
            Run run = requireRun(takeRun());
            next = run.start();
            runEnd = run.end();
            room.insist(() -> device.allocate(run.start(), run.length()));
        }
        if (buffer == null) {
            buffer = buffers.take();
            gathering = buffer;
            gatheredStart = next;
        }
        BlockPointer pointer = new BlockPointer(next, checksum.of(node));
        buffer.copy(gathered++, node);
        next++;
        written++;
        take(pointer.block());
        nodes.put(pointer, node);
        return pointer;
    }

    @Override
    public long writeCopy(BlockPointer node, byte[] content) throws HoldfastException {
        pulse.run();
        // Nobody holds two buffers at a time.
        writeGathered();
        @Nullable Run[] taken = new Run[1];
        room.insist(() -> taken[0] = space.takeApart(node.block()));
        Run run = requireRun(taken[0]);
        room.insist(() -> device.allocate(run.start(), run.length()));
        BlockBuffer buffer = buffers.take();
        buffer.copy(0, content);
        write(run.start(), buffer.seal(1));
        written++;
        take(run.start());
        return run.start();
    }

    private Run requireRun(@Nullable Run run) throws HoldfastException {
        if (run == null) {
            throw space.noBlock(device.name() + ": no block is left for a checkpoint's nodes");
        }
        return run;
    }

    /** Takes blocks for nodes; waits for room on the host for the bitmap of another group. */
    private @Nullable Run takeRun() throws HoldfastException {
        if (reusable != null) {
            Long block = reusable.poll();
            return block == null ? space.takeForMetadata(1) : new Run(block, block + 1);
        }
        @Nullable Run[] taken = new Run[1];
        room.insist(() -> taken[0] = space.takeForMetadata(buffers.blocksPerBuffer()));
        return taken[0];
    }

    private void writeGathered() throws HoldfastException {
        if (failure != null) {
            throw failure;
        }
        BlockBuffer buffer = gathering;
        if (buffer == null) {
            return;
        }
        SealedBuffer sealed = buffer.seal(gathered);
        gathering = null;
        gathered = 0;
        write(gatheredStart, sealed);
    }

    private void write(long start, SealedBuffer sealed) throws HoldfastException {
        try {
            device.write(start, sealed);
        } catch (HoldfastException e) {
            failure = e;
            throw e;
        } finally {
            sealed.release();
        }
    }

    /** Writes the gathered nodes and gives back unused blocks. */
    void finish() throws HoldfastException {
        writeGathered();
        if (next < runEnd) {
            space.giveBackUnused(new Run(next, runEnd));
            next = runEnd;
        }
    }

    /** Gives the memory back, also after a failure. */
    void close() {
        ahead.close();
        BlockBuffer buffer = gathering;
        if (buffer != null) {
            gathering = null;
            buffer.discard();
        }
    }

    /** Every block has one parent. */
    @Override
    public void take(long block) {
        taken.add(block);
        allocated++;
    }

    @Override
    public boolean drop(long block) {
        if (Inject.fails(Point.CHECKPOINT_FORGETS)) {
            return true;
        }
        dropped.add(block);
        space.releaseFrozen(block);
        if (reusable != null) {
            reusable.add(block);
        }
        allocated--;
        return true;
    }

    /** Takes back {@link #drop} for blocks that the space map on the device keeps as allocated. */
    void keepAllocated(BlockList kept, long beside) {
        space.keepAllocated(kept);
        allocated += kept.size() + beside;
    }

    @Override
    public void unwrittenChanged(long difference) {
        unwritten += difference;
    }

    @Override
    public void leaked(BlockPointer node, HoldfastException why) {
        leaks.add("blocks below a damaged node stay allocated: " + why.getMessage());
    }

    /** Returns the blocks that came into the trees. */
    BlockList taken() {
        return taken;
    }

    /** Returns the blocks that left the trees. */
    BlockList dropped() {
        return dropped;
    }

    long allocatedDifference() {
        return allocated;
    }

    long unwrittenDifference() {
        return unwritten;
    }

    void leaked(List<String> problems) {
        leaks.addAll(problems);
    }

    List<String> leaks() {
        return leaks;
    }

    long nodesWritten() {
        return written;
    }
}
