package io.holdfast.store;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.MismatchEvent;
import io.holdfast.event.RepairEvent;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks of a volume and says which of them are good. Thread-safe; every method blocks.
 *
 * <p>A read error or a checksum mismatch counts only if it comes twice in a row: a block that a cable or a controller
 * spoiled once is right the second time. In a read of several blocks one bad block does not hide its neighbours: each
 * bad block is read again by itself. Reads of another copy of a block will be added here, too.
 */
public final class BlockStore {
    /** The kind of block, for the counters. */
    public enum Kind {
        SUPERBLOCK("superblock"),
        NODE("node"),
        DATA("data"),
        LOG("log");

        private final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    /**
     * Counters of one kind, since the volume was opened.
     *
     * @param reads calls
     * @param again blocks that were read a second time
     * @param healed blocks that were good the second time
     * @param bad blocks that were bad the second time, too
     */
    public record Counters(long reads, long again, long healed, long bad) {}

    private static final class Counts {
        final LongAdder reads = new LongAdder();
        final LongAdder again = new LongAdder();
        final LongAdder healed = new LongAdder();
        final LongAdder bad = new LongAdder();
    }

    private final Device device;
    private final Map<Kind, Counts> counts = new EnumMap<>(Kind.class);

    public BlockStore(Device device) {
        this.device = device;
        for (Kind kind : Kind.values()) {
            counts.put(kind, new Counts());
        }
    }

    /** Returns the device's name for messages. */
    public String name() {
        return device.name();
    }

    /** Returns the size in blocks. */
    public long blocks() {
        return device.blocks();
    }

    /** Returns the device, which writes go to. */
    public Device device() {
        return device;
    }

    public Counters counters(Kind kind) {
        Counts of = of(kind);
        return new Counters(of.reads.sum(), of.again.sum(), of.healed.sum(), of.bad.sum());
    }

    private Counts of(Kind kind) {
        return Objects.requireNonNull(counts.get(kind));
    }

    /**
     * Reads blocks that lie side by side.
     *
     * @param target takes as many blocks as it has room for; private memory aligned to 4096 bytes
     */
    public Answer read(Kind kind, long first, MemorySegment target, BlockCheck check) {
        Counts count = of(kind);
        count.reads.increment();
        int blocks = (int) (target.byteSize() / Block.SIZE);
        boolean whole = error(first, target) == null;
        List<Answer.Fault> faults = null;
        for (int i = 0; i < blocks; i++) {
            if (whole && check.isGood(i, target, (long) i * Block.SIZE)) {
                continue;
            }
            Answer.Fault fault = again(kind, count, first, i, target, check);
            if (fault != null) {
                faults = faults == null ? new ArrayList<>() : faults;
                faults.add(fault);
            }
        }
        return faults == null ? Answer.GOOD : new Answer(faults.toArray(new Answer.Fault[0]));
    }

    /** Reads one block of a read again; returns its fault, null if it is good now. */
    private Answer.@Nullable Fault again(
            Kind kind, Counts count, long first, int index, MemorySegment target, BlockCheck check) {
        count.again.increment();
        long offset = (long) index * Block.SIZE;
        HoldfastException error = error(first + index, target.asSlice(offset, Block.SIZE));
        if (error == null && check.isGood(index, target, offset)) {
            count.healed.increment();
            RepairEvent.emit("second read", first + index);
            return null;
        }
        count.bad.increment();
        MismatchEvent.emit(kind.label, first + index, error != null);
        return new Answer.Fault(index, error);
    }

    private @Nullable HoldfastException error(long first, MemorySegment target) {
        try {
            device.read(first, target);
            return null;
        } catch (HoldfastException e) {
            return e;
        }
    }

    /**
     * Reads blocks ahead, once and unverified: a later read of a bad one finds its fault.
     *
     * @return false if they could not be read
     */
    public boolean readAhead(Kind kind, long first, MemorySegment target) {
        of(kind).reads.increment();
        return error(first, target) == null;
    }

    /** Opens a queue as {@link Device#openReads} does. Its user verifies, and reads bad blocks again here. */
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        return device.openReads(name, handedOn);
    }
}
