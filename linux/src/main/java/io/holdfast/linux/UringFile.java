package io.holdfast.linux;

import io.holdfast.device.BlockFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.ClosedChannelException;

/**
 * A file that is read and written through a ring of its own.
 *
 * <p>Memory is used by its address: its arena must not be closed by another thread before the call returns. Buffers of
 * the engine are held for that time.
 */
final class UringFile implements BlockFile {
    private final Syscalls syscalls;
    private final RingThread ring;
    private final int descriptor;
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
                int result = ring.run(opcode, descriptor, memory.address(), length, position, 0);
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

    @Override
    public void force(boolean metadata) throws IOException {
        int result = ring.run(Ring.FSYNC, descriptor, 0, 0, 0, metadata ? 0 : Ring.FSYNC_DATASYNC);
        if (result < 0) {
            throw syscalls.failure(-result);
        }
    }

    @Override
    public long size() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
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
            syscalls.close(descriptor);
        }
    }
}
