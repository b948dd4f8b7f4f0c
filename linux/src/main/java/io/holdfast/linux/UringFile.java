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
 * A file that is read and written through a ring of its own by virtual threads: they wait without a thread. A platform
 * thread waits in any case, and does so in the system call itself, which spares it two hand-overs; but several writes that
 * are asked for at once go through the ring, and are under way together.
 *
 * <p>Memory is used by its address: its arena must not be closed by another thread before the call returns. Buffers of
 * the engine are held for that time.
 */
final class UringFile implements BlockFile {
    private static final System.Logger LOG = System.getLogger(UringFile.class.getName());

    /** So many writes are worth the two hand-overs to the ring's thread and back. */
    private static final int TOGETHER_MIN = 3;

    private final Syscalls syscalls;
    private final RingThread ring;
    private final int descriptor;
    /** Held shared during a system call, so that the descriptor's number is not given to another file meanwhile. */
    private final StampedLock calls = new StampedLock();

    private final Set<UringReads> reads = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    /** The file system knows no {@code fallocate}. */
    private volatile boolean cannotAllocate;

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

    /** Opens a ring of its own: who hands on what was read may be slow, and keeps nobody else waiting by that. */
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
                    "no ring for reads, which will take a thread each: {0}",
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

    /** Returns when the kernel is done with all; what the ring does not take is EAGAIN. */
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
            // Also when something was thrown: what is under way still reads the memory.
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

    /** An interrupt is kept for later: the kernel cannot be told to forget the memory. */
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

    /** Waits in the system call, also on a virtual thread: it is rare, and short. */
    @Override
    public void allocate(long position, long bytes) throws IOException {
        if (cannotAllocate) {
            return;
        }
        int result;
        do {
            result = callAllocate(position, bytes);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EOPNOTSUPP || result == -Errno.ENOSYS) {
            cannotAllocate = true;
        } else if (result < 0) {
            throw failure(-result);
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
            // Whoever opened one before it saw the flag is past the lock then.
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

    /** Closes each ring, also when another one cannot be closed: the kernel must have let go of the descriptor. */
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
