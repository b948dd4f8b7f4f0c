package io.holdfast.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Exactly the system calls that this module needs. Tests replace them. */
interface Syscalls {
    /** {@code open(2)} with these flags, for reading or writing an existing file; returns a descriptor. */
    int open(Path path, int flags) throws SystemCallException;

    void close(int descriptor) throws SystemCallException;

    /** Returns the size of a regular file in bytes. */
    long size(int descriptor) throws SystemCallException;

    /** {@code pread(2)}; returns how many bytes were read, or the negated number of an error. */
    int read(int descriptor, long address, int length, long position);

    /** {@code pwrite(2)}; returns how many bytes were written, or the negated number of an error. */
    int write(int descriptor, long address, int length, long position);

    /** {@code fallocate(2)} without a change of the size; returns 0, or the negated number of an error. */
    int allocate(int descriptor, long position, long bytes);

    /** {@code fallocate(2)} with {@code FALLOC_FL_PUNCH_HOLE}; returns 0, or the negated number of an error. */
    int punch(int descriptor, long position, long bytes);

    /** {@code ioctl(2)} with {@code BLKDISCARD}; returns 0, or the negated number of an error. */
    int discard(int descriptor, long position, long bytes);

    /** {@code ftruncate(2)}. */
    void truncate(int descriptor, long bytes) throws SystemCallException;

    /** {@code fsync(2)} or {@code fdatasync(2)}; returns 0, or the negated number of an error. */
    int sync(int descriptor, boolean metadata);

    /** {@code eventfd(2)}, blocking; returns a descriptor. */
    int eventDescriptor() throws SystemCallException;

    /** Adds one to the counter of an event descriptor, which wakes its reader. */
    void signal(int eventDescriptor);

    /** {@code io_uring_setup(2)}; returns the ring's descriptor. */
    int setUpRing(int entries, MemorySegment params) throws SystemCallException;

    /**
     * {@code io_uring_enter(2)}: submits, runs completions, and waits for some.
     *
     * @param waitFor completions to wait for; 0 only looks
     * @return how many entries were taken, or the negated number of an error
     */
    int enterRing(int ring, int submit, int waitFor);

    /** {@code mmap(2)} of memory shared with the ring; it stays valid until {@link #unmap}. */
    MemorySegment map(int ring, long bytes, long offset) throws SystemCallException;

    void unmap(MemorySegment memory) throws SystemCallException;

    /** Returns the system's text for an error, as an exception. */
    SystemCallException failure(int errno);
}
