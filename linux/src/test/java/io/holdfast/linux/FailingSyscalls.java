package io.holdfast.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** System calls of which one fails; they also keep track of what is open. */
class FailingSyscalls implements Syscalls {
    final Set<Integer> open = ConcurrentHashMap.newKeySet();
    final Set<Long> mapped = new HashSet<>();
    private final Syscalls real = NativeSyscalls.INSTANCE;
    private final int failAt;
    private final int errno;
    private int calls;

    /** Fails the call with this number, counted from 1; 0 for none. For calls from one thread at a time. */
    FailingSyscalls(int failAt, int errno) {
        this.failAt = failAt;
        this.errno = errno;
    }

    final boolean failed() {
        return failAt != 0 && calls >= failAt;
    }

    private void count() throws SystemCallException {
        if (++calls == failAt) {
            throw real.failure(errno);
        }
    }

    private int opened(int descriptor) {
        open.add(descriptor);
        return descriptor;
    }

    @Override
    public int open(Path path, int flags) throws SystemCallException {
        count();
        return opened(real.open(path, flags));
    }

    @Override
    public void close(int descriptor) throws SystemCallException {
        if (!open.remove(descriptor)) {
            throw new IllegalStateException("closed twice");
        }
        real.close(descriptor);
    }

    @Override
    public long size(int descriptor) throws SystemCallException {
        return real.size(descriptor);
    }

    @Override
    public int read(int descriptor, long address, int length, long position) {
        return real.read(descriptor, address, length, position);
    }

    @Override
    public int write(int descriptor, long address, int length, long position) {
        return real.write(descriptor, address, length, position);
    }

    @Override
    public int allocate(int descriptor, long position, long bytes) {
        return real.allocate(descriptor, position, bytes);
    }

    @Override
    public int punch(int descriptor, long position, long bytes) {
        return real.punch(descriptor, position, bytes);
    }

    @Override
    public int discard(int descriptor, long position, long bytes) {
        return real.discard(descriptor, position, bytes);
    }

    @Override
    public void truncate(int descriptor, long bytes) throws SystemCallException {
        count();
        real.truncate(descriptor, bytes);
    }

    @Override
    public int sync(int descriptor, boolean metadata) {
        return real.sync(descriptor, metadata);
    }

    @Override
    public int eventDescriptor() throws SystemCallException {
        count();
        return opened(real.eventDescriptor());
    }

    @Override
    public void signal(int eventDescriptor) {
        real.signal(eventDescriptor);
    }

    @Override
    public int setUpRing(int entries, MemorySegment params) throws SystemCallException {
        count();
        return opened(real.setUpRing(entries, params));
    }

    @Override
    public int enterRing(int ring, int submit, int waitFor) {
        return real.enterRing(ring, submit, waitFor);
    }

    @Override
    public MemorySegment map(int ring, long bytes, long offset) throws SystemCallException {
        count();
        MemorySegment memory = real.map(ring, bytes, offset);
        mapped.add(memory.address());
        return memory;
    }

    @Override
    public void unmap(MemorySegment memory) throws SystemCallException {
        if (!mapped.remove(memory.address())) {
            throw new IllegalStateException("unmapped twice");
        }
        real.unmap(memory);
    }

    @Override
    public SystemCallException failure(int number) {
        return real.failure(number);
    }
}
