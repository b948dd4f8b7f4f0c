package io.holdfast.sim.disk;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.schedule.Trace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A device on a {@link SimDisk}, for one opening of the volume. Every I/O takes virtual time, faults are injected, and
 * the power may fail.
 *
 * <p>Each block gets a guard tag when the engine hands it over. The device checks the tag when it transfers the block,
 * as a host adapter does with T10 DIF. So a sealed block that changes in between is found at once; that is a violation.
 */
public final class SimDevice implements Device {
    /** A full host has room again after at most this time. */
    private static final long HOST_FULL_NANOS_MAX = 3_000_000_000L;
    /** How many times likelier the host is full when room is reserved than at a write. */
    private static final int HOST_FULL_WEIGHT = 20;

    private final SimDisk disk;
    private final Scheduler scheduler;
    private final Trace trace;
    private final SplittableRandom random;
    private final List<FaultKind> faults;
    private final int faultEvery;
    private final Consumer<String> violation;

    /** Whether what this lies on takes room back. */
    private boolean discards;

    private boolean faultsOn = true;
    private long reads;
    private long failingReadsFrom;
    private long failingReadsTo;
    private boolean cableWasLoose;
    private boolean cut;
    private boolean gone;
    private boolean closed;
    private boolean flushFailed;
    /** Keeps the contract of a device: one flush runs at a time, and after a failed flush none succeeds. */
    private final ReentrantLock flushLock = new ReentrantLock();

    /** The time until which the host has no room for unallocated blocks. */
    private long hostFullUntil;
    /** Whether the host can reserve room: file systems that write files in place can, thin pools cannot. */
    private final boolean allocates;

    private final BitSet allocated = new BitSet();

    private long failing = -1;
    private long operations;

    /**
     * @param faults the faults to inject, at about one I/O in {@code faultEvery}
     * @param violation receives the report of a block that was changed after it was handed over
     */
    public SimDevice(
            SimDisk disk,
            Scheduler scheduler,
            Trace trace,
            SplittableRandom random,
            List<FaultKind> faults,
            int faultEvery,
            Consumer<String> violation) {
        this.disk = disk;
        this.scheduler = scheduler;
        this.trace = trace;
        this.random = random;
        this.faults = faults;
        this.faultEvery = faultEvery;
        this.violation = violation;
        // Draw nothing where the fault cannot happen, so that such seeds give the same run as before.
        this.allocates = faults.contains(FaultKind.HOST_FULL) && random.nextBoolean();
    }

    /** Has this take room back. */
    public void setDiscards(boolean on) {
        discards = on;
    }

    /** Switches faults off, for a phase of calm, and on again. */
    public void setFaults(boolean on) {
        faultsOn = on;
    }

    /** Cuts the power; from now on nothing works. {@link SimDisk#crash} decides what is left. */
    public void cutPower() {
        cut = true;
    }

    public boolean isCut() {
        return cut;
    }

    /** Fails only the nth I/O from now on; 0 for none. For a sweep. */
    public void failOnce(long nth) {
        failing = nth == 0 ? -1 : operations + nth;
    }

    /**
     * Fails so many reads, from the nth from now on: the cable is loose. Nodes of trees and bitmaps can be read: those that cannot
     * are lost, or close their group, which other faults bring about.
     */
    public void failReads(long nth, long count) {
        reads = 0;
        failingReadsFrom = nth;
        failingReadsTo = nth + count;
    }

    /** Reads fail no more. */
    public void fastenCable() {
        failingReadsTo = 0;
    }

    /** Returns whether a read has failed by {@link #failReads}. */
    public boolean hadLooseCable() {
        return cableWasLoose;
    }

    /** Returns how many I/Os from now {@link #failOnce} will fail one; 0 if it will not. */
    public long armed() {
        return Math.max(0, failing - operations);
    }

    /** Returns whether {@link #failOnce} has failed an I/O. */
    public boolean failedOnce() {
        return failing >= 0 && operations >= failing;
    }

    @Override
    public String name() {
        return "sim";
    }

    @Override
    public long blocks() {
        return disk.blocks();
    }

    @Override
    public boolean directIo() {
        return true;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        long count = target.byteSize() / Block.SIZE;
        requireInside(block, count);
        FaultKind fault = begin("read", block, count);
        reads++;
        if (reads >= failingReadsFrom && reads < failingReadsTo && !disk.isNodeOrBitmap(block)) {
            cableWasLoose = true;
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR, "sim: cannot read block %d: loose cable".formatted(block));
        }
        long from = block;
        if (fault == FaultKind.MISDIRECTED_READ) {
            from = Math.floorMod(block + 1 + random.nextInt(64), disk.blocks() - count);
            for (long b = block; b < block + count; b++) {
                disk.misread(b);
            }
        }
        for (long i = 0; i < count; i++) {
            byte[] data = disk.read(from + i);
            if (data == null) {
                throw new HoldfastException(
                        ErrorCode.DEVICE_ERROR, "sim: cannot read block %d: medium error".formatted(from + i));
            }
            MemorySegment.copy(data, 0, target, ValueLayout.JAVA_BYTE, i * Block.SIZE, Block.SIZE);
            if (count > 1 && random.nextInt(16) == 0) {
                scheduler.pause();
                requirePower();
            }
        }
        end();
    }

    @Override
    public DeviceReads openReads(String name, Runnable handedOn) {
        return new SimReads(this, name, handedOn);
    }

    @Override
    public void allocate(long block, long count) throws HoldfastException {
        requireInside(block, count);
        if (!allocates || isAllocated(block, count)) {
            return;
        }
        requirePower();
        if (faultsOn && random.nextInt(faultEvery) < HOST_FULL_WEIGHT) {
            fillHost();
        }
        requireRoom(block, count);
        allocated.set((int) block, (int) (block + count));
    }

    /** Writes garbage, as if somebody else got the room meanwhile: like any write, it is lost or kept if the power fails. */
    @Override
    public boolean discard(long block, long count) throws HoldfastException {
        if (!discards) {
            return false;
        }
        requireInside(block, count);
        begin("discard", block, count);
        allocated.clear((int) block, (int) (block + count));
        // The same for all blocks of a call: the disk keeps what was not flushed, and that may be much.
        byte[] garbage = new byte[Block.SIZE];
        random.nextBytes(garbage);
        for (long b = block; b < block + count; b++) {
            transfer(b, garbage, null);
        }
        end();
        return true;
    }

    @Override
    public long grow(long blocks) throws HoldfastException {
        begin("grow", blocks, 0);
        if (blocks > disk.blocks()) {
            disk.grow(blocks);
        }
        end();
        return disk.blocks();
    }

    private boolean isAllocated(long block, long count) {
        return allocated.nextClearBit((int) block) >= block + count;
    }

    private void fillHost() {
        said(FaultKind.HOST_FULL);
        disk.injected(FaultKind.HOST_FULL);
        hostFullUntil = scheduler.nanoTime() + random.nextLong(HOST_FULL_NANOS_MAX);
    }

    private void requireRoom(long block, long count) throws HoldfastException {
        if (faultsOn && scheduler.nanoTime() < hostFullUntil && !isAllocated(block, count)) {
            throw new HoldfastException(ErrorCode.HOST_FULL, "sim: cannot write block " + block + ": the host is full");
        }
    }

    @Override
    public void write(long block, SealedBuffer source) throws HoldfastException {
        write(block, source, 0, source.blocks());
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        requireInside(block, count);
        try (SealedBuffer.Hold hold = source.hold()) {
            int[] tags = new int[count];
            for (int i = 0; i < count; i++) {
                tags[i] = tag(block(hold.contents(), from + i));
            }
            FaultKind fault = begin("write", block, count);
            requireRoom(block, count);
            for (int i = 0; i < count; i++) {
                byte[] data = block(hold.contents(), from + i);
                if (tag(data) != tags[i]) {
                    violation.accept("block %d was changed after it was handed to the device".formatted(block + i));
                }
                transfer(block + i, data, fault);
            }
            end();
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        requireInside(block, source.blocks());
        FaultKind fault = begin("write lent", block, source.blocks());
        requireRoom(block, source.blocks());
        for (int i = 0; i < source.blocks(); i++) {
            // Copy sector by sector, since the owner may be changing the memory.
            byte[] data = new byte[Block.SIZE];
            for (int at = 0; at < Block.SIZE; at += SimDisk.SECTOR) {
                MemorySegment.copy(
                        source.contents(), ValueLayout.JAVA_BYTE, (long) i * Block.SIZE + at, data, at, SimDisk.SECTOR);
                if (random.nextInt(8) == 0) {
                    scheduler.pause();
                }
            }
            transfer(block + i, data, fault);
        }
        end();
    }

    private void transfer(long block, byte[] data, @Nullable FaultKind fault) throws HoldfastException {
        requirePower();
        requireFlushable();
        trace.mix(block * 31 + tag(data));
        if (fault == FaultKind.LOST_WRITE) {
            disk.loseWrite(block, data);
        } else if (fault == FaultKind.MISDIRECTED_WRITE) {
            disk.misdirect(block, Math.floorMod(block + 1 + random.nextInt(64), disk.blocks()), data);
        } else {
            disk.write(block, data);
        }
        if (random.nextInt(8) == 0) {
            scheduler.pause();
            requirePower();
        }
    }

    @Override
    public void flush() throws HoldfastException {
        flushLock.lock();
        try {
            requireFlushable();
            flushLocked();
        } finally {
            flushLock.unlock();
        }
    }

    private void flushLocked() throws HoldfastException {
        long mark = disk.mark();
        FaultKind fault = begin("flush", 0, 0);
        if (fault == FaultKind.FLUSH_ERROR) {
            disk.injected(FaultKind.FLUSH_ERROR);
            disk.loseSome();
            flushFailed = true;
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, "sim: flush failed: I/O error");
        }
        if (fault == FaultKind.FLUSH_LIE) {
            disk.injected(FaultKind.FLUSH_LIE);
        } else {
            // Writes that came while the flush ran stay volatile.
            disk.flush(mark);
        }
        end();
    }

    @Override
    public void close() {
        closed = true;
    }

    // ---- one I/O ----

    private @Nullable FaultKind begin(String what, long block, long count) throws HoldfastException {
        requirePower();
        operations++;
        trace.event(scheduler.nanoTime(), what, block, count, () -> "blocks %d +%d".formatted(block, count));
        FaultKind fault = chooseFault(what);
        scheduler.sleep(latency(fault));
        requirePower();
        if (operations == failing) {
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR, "sim: cannot %s block %d: injected error".formatted(what, block));
        }
        return fault;
    }

    private void end() throws HoldfastException {
        scheduler.sleep(1_000L + random.nextInt(20_000));
        requirePower();
    }

    private long latency(@Nullable FaultKind fault) {
        long usual = 10_000L + random.nextInt(90_000);
        return fault == FaultKind.DELAY ? usual * 1000 : usual;
    }

    /** Chooses a fault for this I/O, and carries it out if that does not need the data. */
    private @Nullable FaultKind chooseFault(String what) throws HoldfastException {
        if (!faultsOn || faults.isEmpty() || random.nextInt(faultEvery) != 0) {
            return null;
        }
        FaultKind fault = faults.get(random.nextInt(faults.size()));
        boolean write = what.startsWith("write");
        return switch (fault) {
            case BIT_ROT, LATENT_ERROR -> {
                said(fault);
                disk.decay(fault);
                yield null;
            }
            case VANISH, COMES_BACK_STALE -> {
                said(fault);
                disk.injected(FaultKind.VANISH);
                gone = true;
                requirePower();
                yield null;
            }
            case WRITE_ERROR -> write ? fail(fault, "I/O error") : null;
            case HOST_FULL -> {
                if (write) {
                    fillHost();
                }
                yield null;
            }
            case LOST_WRITE, MISDIRECTED_WRITE -> write ? fault : null;
            case MISDIRECTED_READ -> what.equals("read") ? fault : null;
            case FLUSH_ERROR, FLUSH_LIE -> what.equals("flush") ? fault : null;
            case DELAY -> {
                disk.injected(fault);
                yield fault;
            }
            case LOG_ROT -> null;
        };
    }

    private FaultKind fail(FaultKind fault, String why) throws HoldfastException {
        said(fault);
        disk.injected(fault);
        throw new HoldfastException(ErrorCode.DEVICE_ERROR, "sim: cannot write: " + why);
    }

    private void said(FaultKind fault) {
        trace.event(scheduler.nanoTime(), "fault", fault.name().hashCode(), 0, fault::name);
    }

    private void requirePower() throws HoldfastException {
        if (cut) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, "sim: the power is cut");
        }
        if (gone) {
            throw new HoldfastException(ErrorCode.DEVICE_ERROR, "sim: the device is gone");
        }
        if (closed) {
            throw new HoldfastException(ErrorCode.CLOSED, "sim was closed");
        }
    }

    private void requireFlushable() throws HoldfastException {
        if (flushFailed) {
            throw new HoldfastException(ErrorCode.FAILED, "sim takes no more writes since a flush failed");
        }
    }

    private void requireInside(long block, long count) throws HoldfastException {
        if (block < 0 || count < 1 || block > disk.blocks() - count) {
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR,
                    "sim: blocks %d to %d lie outside of the device".formatted(block, block + count));
        }
    }

    private static byte[] block(MemorySegment memory, int index) {
        return memory.asSlice((long) index * Block.SIZE, Block.SIZE).toArray(ValueLayout.JAVA_BYTE);
    }

    private static int tag(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return (int) crc.getValue();
    }
}
