package io.holdfast.file;

import io.holdfast.device.DeviceReads;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.ReadQueue;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads of one file that keep no thread waiting. Takes the easy reads, which nearly all are: data whose place memory
 * knows and that nobody is writing. All others are refused or given back; the caller does them through {@link Reading}.
 *
 * <p>Invariant: the first read that needs the device's queue opens it, and {@link #close} closes it.
 */
final class QueuedReads implements ReadQueue {
    /** Blocks of one read. */
    private static final int BLOCKS_MAX = 256;

    private final FileData file;
    private final String name;
    private final Runnable handedOn;
    private final Consumer<QueuedReads> whenClosed;
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable DeviceReads device;
    private boolean opened;
    private volatile boolean closed;

    QueuedReads(FileData file, String name, Runnable handedOn, Consumer<QueuedReads> whenClosed) {
        this.file = file;
        this.name = name;
        this.handedOn = handedOn;
        this.whenClosed = whenClosed;
    }

    @Override
    public Answer read(long offset, MemorySegment target, Ended ended) {
        if (closed) {
            return Answer.REFUSED;
        }
        try {
            if (start(offset, target, ended)) {
                return Answer.STARTED;
            }
            long n = new Reading(file, false, true).read(offset, target);
            return n == target.byteSize() ? Answer.READ : Answer.REFUSED;
        } catch (HoldfastException e) {
            return Answer.REFUSED;
        }
    }

    private boolean start(long offset, MemorySegment target, Ended ended) {
        long bytes = target.byteSize();
        boolean blocks = (offset | bytes) % Block.SIZE == 0 && bytes <= (long) BLOCKS_MAX * Block.SIZE;
        if (!blocks || bytes == 0 || file.pages.contains(FileData.blockOf(offset))) {
            return false;
        }
        QueuedRead read = QueuedRead.of(file, FileData.blockOf(offset), target, ended);
        if (read == null) {
            return false;
        }
        DeviceReads to = device();
        return to != null && read.start(to);
    }

    @Override
    public void prepare(long offset, long length) throws HoldfastException {
        long first = FileData.blockOf(offset);
        long end = FileData.blockAfter(offset + length);
        while (first < end && !closed) {
            int count = (int) Math.min(end - first, BLOCKS_MAX);
            file.context.reader().prepare(file.map, first, count);
            first += count;
        }
    }

    private @Nullable DeviceReads device() {
        DeviceReads known = device;
        if (known != null) {
            return known;
        }
        opening.lock();
        try {
            if (!opened && !closed) {
                opened = true;
                device = file.context.reader().openReads(name, handedOn);
            }
            return device;
        } finally {
            opening.unlock();
        }
    }

    @Override
    public void close() {
        DeviceReads known;
        opening.lock();
        try {
            closed = true;
            known = device;
        } finally {
            opening.unlock();
        }
        if (known != null) {
            known.close();
        }
        whenClosed.accept(this);
    }
}
