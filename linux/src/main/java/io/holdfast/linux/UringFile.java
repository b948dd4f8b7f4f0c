package io.holdfast.linux;

import io.holdfast.device.BlockFile;
import io.holdfast.device.BlockReads;
import io.holdfast.device.NoRoomException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * A file with a ring of its own. A virtual thread reads and writes through the ring, so it waits without blocking its
 * carrier. A platform thread would block in any case, so it blocks in the system call itself, which saves two thread
 * switches. But several writes in one call go through the ring from any thread, so that they are in flight together.
 *
 * <p>The kernel gets the address of the memory, so no other thread may close its arena before the call returns. The
 * engine's own buffers are kept open for that time.
 */
final class UringFile implements BlockFile {
    private static final System.Logger LOG = System.getLogger(UringFile.class.getName());

    /** From this many writes on, the two thread switches to the ring's thread and back pay off. */
    private static final int TOGETHER_MIN = 3;

    private final Syscalls syscalls;
    private final RingThread ring;
    private final int descriptor;
    /**
     * Held shared during a system call. So the descriptor is not closed meanwhile and its number not reused for another
     * file.
     */
    private final StampedLock calls = new StampedLock();

    private final Set<UringReads> reads = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    /** The file system does not support {@code fallocate}. */
    private volatile boolean cannotAllocate;
    /** The file system or the disk takes no room back. */
    private volatile boolean cannotDiscard;

    /** Takes over an open file and a ring for it. */
    UringFile(Syscalls syscalls, RingThread ring, int descriptor) {
        this.syscalls = syscalls;
        this.ring = ring;
        this.descriptor = descriptor;
    }

    @Override
    public int read(MemorySegment target, long position) throws IOException {
        return transfer(Ring.READ, target, position);
    }

    /** Opens a ring of its own, so a consumer that is slow to take its reads delays nobody else. */
    @Override
    public @Nullable BlockReads openReads(String name, Runnable handedOn) {
        long stamp = calls.readLock();
        try {
            if (closed) {
                return null;
            }
            UringReads opened = new UringReads(RingThread.start(syscalls, name, handedOn), descriptor, reads::remove);
            reads.add(opened);
            return opened;
        } catch (SystemCallException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no ring for reads, so each read will take a thread: {0}",
                    e.getMessage());
            return null;
        } finally {
            calls.unlockRead(stamp);
        }
    }

    @Override
    public int write(MemorySegment source, long position) throws IOException {
        return transfer(Ring.WRITE, source, position);
    }

    @Override
    public void write(MemorySegment[] sources, long[] positions, int[] counts) throws IOException {
        if (sources.length < TOGETHER_MIN) {
            BlockFile.super.write(sources, positions, counts);
            return;
        }
        try {
            writeTogether(sources, positions, counts);
        } finally {
            Reference.reachabilityFence(sources);
        }
        IOException failure = null;
        for (int i = 0; i < sources.length; i++) {
            if (counts[i] == -Errno.EAGAIN || counts[i] == -Errno.EINTR) {
                counts[i] = write(sources[i], positions[i]);
            } else if (counts[i] < 0 && failure == null) {
                failure = failure(-counts[i]);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Writes all sources and returns when the kernel is done with them. The result of a write that the ring does not
     * take is EAGAIN.
     */
    private void writeTogether(MemorySegment[] sources, long[] positions, int[] results) {
        CountDownLatch left = new CountDownLatch(sources.length);
        Arrays.fill(results, -Errno.EAGAIN);
        int asked = 0;
        try {
            while (asked < sources.length) {
                if (!startOne(sources[asked], positions[asked], results, asked, left)) {
                    left.countDown();
                }
                asked++;
            }
        } finally {
            // Wait even if something was thrown: the kernel still reads the memory of writes in flight.
            for (int i = asked; i < sources.length; i++) {
                left.countDown();
            }
            await(left);
        }
    }

    private boolean startOne(MemorySegment source, long position, int[] results, int index, CountDownLatch left) {
        int length = Math.toIntExact(source.byteSize());
        return ring.start(Ring.WRITE, descriptor, source.address(), length, position, result -> {
            results[index] = result;
            left.countDown();
        });
    }

    /** Waits. An interrupt does not end the wait, since the kernel still uses the memory; it is restored afterwards. */
    private static void await(CountDownLatch ended) {
        boolean interrupted = false;
        while (true) {
            try {
                ended.await();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private int transfer(byte opcode, MemorySegment memory, long position) throws IOException {
        int length = Math.toIntExact(memory.byteSize());
        try {
            while (true) {
                int result = Thread.currentThread().isVirtual()
                        ? ring.run(opcode, descriptor, memory.address(), length, position, 0)
                        : call(opcode, memory.address(), length, position);
                if (result >= 0) {
                    return result;
                }
                if (result != -Errno.EINTR && result != -Errno.EAGAIN) {
                    throw failure(-result);
                }
            }
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    private IOException failure(int errno) {
        SystemCallException failure = syscalls.failure(errno);
        return errno == Errno.ENOSPC || errno == Errno.EDQUOT
                ? new NoRoomException(String.valueOf(failure.getMessage()))
                : failure;
    }

    /** Blocks in the system call, even on a virtual thread: it is rare and short. */
    @Override
    public boolean allocate(long position, long bytes) throws IOException {
        if (cannotAllocate) {
            return false;
        }
        int result;
        do {
            result = callAllocate(position, bytes);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EOPNOTSUPP || result == -Errno.ENOSYS) {
            cannotAllocate = true;
            return false;
        }
        if (result < 0) {
            throw failure(-result);
        }
        return true;
    }

    @Override
    public void truncate(long bytes) throws IOException {
        long stamp = calls.readLock();
        try {
            requireOpen();
            syscalls.truncate(descriptor, bytes);
        } finally {
            calls.unlockRead(stamp);
        }
    }

    private int callAllocate(long position, long bytes) throws ClosedChannelException {
        long stamp = calls.readLock();
        try {
            requireOpen();
            return syscalls.allocate(descriptor, position, bytes);
        } finally {
            calls.unlockRead(stamp);
        }
    }

    /** Blocks in the system call, as {@link #allocate} does. */
    @Override
    public boolean discard(long position, long bytes, boolean blockDevice) throws IOException {
        if (cannotDiscard) {
            return false;
        }
        int result;
        do {
            result = callDiscard(position, bytes, blockDevice);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EOPNOTSUPP || result == -Errno.ENOSYS || result == -Errno.ENOTTY) {
            cannotDiscard = true;
            return false;
        }
        if (result < 0) {
            throw failure(-result);
        }
        return true;
    }

    private int callDiscard(long position, long bytes, boolean blockDevice) throws ClosedChannelException {
        long stamp = calls.readLock();
        try {
            requireOpen();
            return blockDevice
                    ? syscalls.discard(descriptor, position, bytes)
                    : syscalls.punch(descriptor, position, bytes);
        } finally {
            calls.unlockRead(stamp);
        }
    }

    private int call(byte opcode, long address, int length, long position) throws ClosedChannelException {
        long stamp = calls.readLock();
        try {
            requireOpen();
            return opcode == Ring.READ
                    ? syscalls.read(descriptor, address, length, position)
                    : syscalls.write(descriptor, address, length, position);
        } finally {
            calls.unlockRead(stamp);
        }
    }

    private int callSync(boolean metadata) throws ClosedChannelException {
        long stamp = calls.readLock();
        try {
            requireOpen();
            return syscalls.sync(descriptor, metadata);
        } finally {
            calls.unlockRead(stamp);
        }
    }

    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void force(boolean metadata) throws IOException {
        int result = Thread.currentThread().isVirtual()
                ? ring.run(Ring.FSYNC, descriptor, 0, 0, 0, metadata ? 0 : Ring.FSYNC_DATASYNC)
                : callSync(metadata);
        if (result < 0) {
            throw syscalls.failure(-result);
        }
    }

    @Override
    public long size() throws IOException {
        requireOpen();
        return syscalls.size(descriptor);
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            // Wait for threads that opened one before they saw the flag: they hold the lock shared until then.
            calls.unlockWrite(calls.writeLock());
            closeRings();
        } finally {
            long stamp = calls.writeLock();
            try {
                syscalls.close(descriptor);
            } finally {
                calls.unlockWrite(stamp);
            }
        }
    }

    /** Closes every ring, even if closing another one fails: no ring may still use the descriptor. */
    private void closeRings() throws IOException {
        IOException failure = null;
        for (UringReads opened : List.copyOf(reads)) {
            try {
                opened.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        ring.close();
        if (failure != null) {
            throw failure;
        }
    }
}
