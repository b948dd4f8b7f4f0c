package io.holdfast.linux;

import io.holdfast.device.BlockFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.StampedLock;

/**
 * A file that is read and written through a ring of its own by virtual threads: they wait without a thread. A platform
 * thread waits in any case, and does so in the system call itself, which spares it two hand-overs.
 *
 * <p>Memory is used by its address: its arena must not be closed by another thread before the call returns. Buffers of
 * the engine are held for that time.
 */
final class UringFile implements BlockFile {
    private final Syscalls syscalls;
    private final RingThread ring;
    private final int descriptor;
    /** Held shared during a system call, so that the descriptor's number is not given to another file meanwhile. */
    private final StampedLock calls = new StampedLock();

    private volatile boolean closed;

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

    @Override
    public int write(MemorySegment source, long position) throws IOException {
        return transfer(Ring.WRITE, source, position);
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
                    throw syscalls.failure(-result);
                }
            }
        } finally {
            Reference.reachabilityFence(memory);
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
            ring.close();
        } finally {
            long stamp = calls.writeLock();
            try {
                syscalls.close(descriptor);
            } finally {
                calls.unlockWrite(stamp);
            }
        }
    }
}
