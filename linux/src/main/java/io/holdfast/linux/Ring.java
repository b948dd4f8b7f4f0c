package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * One io_uring: two rings of entries in memory shared with the kernel. Only the thread that made it may use it.
 *
 * <p>Layouts and numbers are those of {@code linux/io_uring.h}; bytes in the machine's order.
 *
 * <pre>
 * submission entry (64)                        completion entry (16)
 *  0 opcode u8   1 flags u8   2 priority u16    0 user data u64
 *  4 descriptor s32                             8 result s32, or an error's number negated
 *  8 offset u64                                12 flags u32
 * 16 address u64
 * 24 length u32
 * 28 the operation's flags u32
 * 32 user data u64
 * 40 … 63 zero
 * </pre>
 *
 * <p>Invariants: we write the tail of the submissions and the head of the completions; the kernel writes the other two
 * indices. An entry is complete before the index that publishes it is stored. There are never more operations in flight
 * than the ring has entries, so no ring overflows.
 */
final class Ring implements AutoCloseable {
    static final byte READV = 1;
    static final byte READ = 22;
    static final byte WRITE = 23;
    static final byte FSYNC = 3;
    static final int FSYNC_DATASYNC = 1;

    private static final int SETUP_SUBMIT_ALL = 1 << 7;
    private static final int SETUP_SINGLE_ISSUER = 1 << 12;
    private static final int SETUP_DEFER_TASKRUN = 1 << 13;
    /** One mapping for both rings, since Linux 5.4. */
    private static final int FEATURE_SINGLE_MMAP = 1;
    /** Came with Linux 5.6, as did {@link #READ} and {@link #WRITE}. */
    private static final int FEATURE_RW_CUR_POS = 1 << 3;

    private static final int PARAMS_BYTES = 120;
    private static final int PARAMS_FLAGS = 8;
    private static final int PARAMS_FEATURES = 20;
    private static final int PARAMS_SQ = 40;
    private static final int PARAMS_CQ = 80;
    private static final int SQ_ARRAY = 24;
    private static final int CQ_CQES = 20;
    private static final int HEAD = 0;
    private static final int TAIL = 4;
    private static final long OFFSET_ENTRIES = 0x10000000L;

    private static final int SQE_BYTES = 64;
    private static final int CQE_BYTES = 16;
    private static final VarHandle INDEX = JAVA_INT.varHandle();

    private final Syscalls syscalls;
    private final int descriptor;
    private final MemorySegment rings;
    private final MemorySegment entries;
    private final long submissionHead;
    private final long submissionTail;
    private final int submissionMask;
    private final long completionHead;
    private final long completionTail;
    private final int completionMask;
    private final long completions;
    private int tail;

    /** Receives completions. */
    interface Completions {
        /** Receives one completion: what the system call would have returned, or a negated error number. */
        void completed(long userData, int result);
    }

    private Ring(Syscalls syscalls, int descriptor, MemorySegment params, MemorySegment rings, MemorySegment entries) {
        this.syscalls = syscalls;
        this.descriptor = descriptor;
        this.rings = rings;
        this.entries = entries;
        submissionHead = params.get(JAVA_INT, PARAMS_SQ + HEAD);
        submissionTail = params.get(JAVA_INT, PARAMS_SQ + TAIL);
        submissionMask = params.get(JAVA_INT, 0) - 1;
        completionHead = params.get(JAVA_INT, PARAMS_CQ + HEAD);
        completionTail = params.get(JAVA_INT, PARAMS_CQ + TAIL);
        completionMask = params.get(JAVA_INT, 4) - 1;
        completions = params.get(JAVA_INT, PARAMS_CQ + CQ_CQES);
        long array = params.get(JAVA_INT, PARAMS_SQ + SQ_ARRAY);
        for (int i = 0; i <= submissionMask; i++) {
            rings.set(JAVA_INT, array + i * (long) Integer.BYTES, i);
        }
    }

    /**
     * Makes a ring.
     *
     * @param entries a power of two
     * @throws SystemCallException if the kernel refuses; {@code ENOSYS} also if it is too old
     */
    static Ring open(Syscalls syscalls, int entries) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = arena.allocate(PARAMS_BYTES, Long.BYTES);
            int descriptor = setUp(syscalls, entries, params);
            MemorySegment rings = null;
            MemorySegment mapped = null;
            try {
                int needed = FEATURE_SINGLE_MMAP | FEATURE_RW_CUR_POS;
                if ((params.get(JAVA_INT, PARAMS_FEATURES) & needed) != needed) {
                    throw syscalls.failure(Errno.ENOSYS);
                }
                long bytes = Math.max(
                        params.get(JAVA_INT, PARAMS_SQ + SQ_ARRAY) + params.get(JAVA_INT, 0) * (long) Integer.BYTES,
                        params.get(JAVA_INT, PARAMS_CQ + CQ_CQES) + params.get(JAVA_INT, 4) * (long) CQE_BYTES);
                rings = syscalls.map(descriptor, bytes, 0);
                mapped = syscalls.map(descriptor, params.get(JAVA_INT, 0) * (long) SQE_BYTES, OFFSET_ENTRIES);
                return new Ring(syscalls, descriptor, params, rings, mapped);
            } finally {
                if (mapped == null) {
                    if (rings != null) {
                        syscalls.unmap(rings);
                    }
                    syscalls.close(descriptor);
                }
            }
        }
    }

    /**
     * Sets up the ring so that the kernel runs completions only when this thread asks for them, and does not interrupt
     * it. That costs the least, and only one thread submits anyway. It needs Linux 6.1; on an older kernel the ring
     * gets no flags.
     */
    private static int setUp(Syscalls syscalls, int entries, MemorySegment params) throws SystemCallException {
        params.set(JAVA_INT, PARAMS_FLAGS, SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN);
        try {
            return syscalls.setUpRing(entries, params);
        } catch (SystemCallException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            params.fill((byte) 0);
            return syscalls.setUpRing(entries, params);
        }
    }

    /** Puts an operation into the ring, which must have room. The next {@link #enter} begins it. */
    void prepare(byte opcode, int file, long address, int length, long offset, int flags, long userData) {
        long entry = (long) (tail & submissionMask) * SQE_BYTES;
        entries.asSlice(entry, SQE_BYTES).fill((byte) 0);
        entries.set(JAVA_BYTE, entry, opcode);
        entries.set(JAVA_INT, entry + 4, file);
        entries.set(JAVA_LONG, entry + 8, offset);
        entries.set(JAVA_LONG, entry + 16, address);
        entries.set(JAVA_INT, entry + 24, length);
        entries.set(JAVA_INT, entry + 28, flags);
        entries.set(JAVA_LONG, entry + 32, userData);
        tail++;
    }

    /**
     * Begins the prepared operations and, if {@code wait} is set, waits for a completion. Returns early when the kernel
     * cannot take all of them now; the next call submits the rest.
     */
    void enter(boolean wait) throws SystemCallException {
        INDEX.setRelease(rings, submissionTail, tail);
        int submit = tail - (int) INDEX.getAcquire(rings, submissionHead);
        int result = syscalls.enterRing(descriptor, submit, wait ? 1 : 0);
        if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN && result != -Errno.EBUSY) {
            throw syscalls.failure(-result);
        }
    }

    /** Passes on all completions so far. */
    void reap(Completions to) {
        int head = (int) INDEX.get(rings, completionHead);
        int end = (int) INDEX.getAcquire(rings, completionTail);
        while (head != end) {
            long entry = completions + (long) (head & completionMask) * CQE_BYTES;
            long userData = rings.get(JAVA_LONG, entry);
            int result = rings.get(JAVA_INT, entry + 8);
            head++;
            INDEX.setRelease(rings, completionHead, head);
            to.completed(userData, result);
        }
    }

    /** Closes the ring; the kernel cancels what is still in flight. No thread may wait for an operation. */
    @Override
    public void close() throws SystemCallException {
        try {
            syscalls.unmap(entries);
            syscalls.unmap(rings);
        } finally {
            syscalls.close(descriptor);
        }
    }
}
