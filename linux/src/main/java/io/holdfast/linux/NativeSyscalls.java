package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * System calls through the C library of this process. The library has no wrappers for io_uring, so those calls go
 * through {@code syscall(2)}; their numbers are the same on all Linux architectures that have a 64-bit JVM.
 *
 * <p>None of the calls is {@linkplain Linker.Option#critical critical}: the garbage collector would wait for as long as
 * such a call blocks.
 */
@SuppressWarnings("restricted") // we declare the types of the C library's functions, and nothing checks them
final class NativeSyscalls implements Syscalls {
    static final Syscalls INSTANCE = new NativeSyscalls();

    private static final long IO_URING_SETUP = 425;
    private static final long IO_URING_ENTER = 426;
    private static final int ENTER_GETEVENTS = 1;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int SEEK_END = 2;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;
    private static final int BLKDISCARD = 0x1277;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;
    private static final long MAP_FAILED = -1;

    private static final Linker LINKER = Linker.nativeLinker();
    static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final long TEXT_BYTES_MAX = 4096;

    /**
     * One type for all functions but one. The virtual machine makes some 25 classes for each type of function that is
     * called, which takes 15 ms of a start. This is safe because the parameters are integers and pointers, each in a
     * register: a function ignores registers beyond its last parameter, and the upper half of a register that holds an
     * {@code int}.
     */
    static final FunctionDescriptor FUNCTION =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private static final MethodHandle OPEN = handle("open", FUNCTION, ERRNO);
    private static final MethodHandle CLOSE = handle("close", FUNCTION, ERRNO);
    private static final MethodHandle LSEEK = handle("lseek", FUNCTION, ERRNO);
    private static final MethodHandle PREAD = handle("pread64", FUNCTION, ERRNO);
    private static final MethodHandle PWRITE = handle("pwrite64", FUNCTION, ERRNO);
    private static final MethodHandle FSYNC = handle("fsync", FUNCTION, ERRNO);
    private static final MethodHandle FDATASYNC = handle("fdatasync", FUNCTION, ERRNO);
    private static final MethodHandle FALLOCATE = handle("fallocate", FUNCTION, ERRNO);
    private static final MethodHandle IOCTL = handle("ioctl", FUNCTION, ERRNO);
    private static final MethodHandle FTRUNCATE = handle("ftruncate64", FUNCTION, ERRNO);
    private static final MethodHandle EVENTFD = handle("eventfd", FUNCTION, ERRNO);
    private static final MethodHandle WRITE = handle("write", FUNCTION, ERRNO);
    private static final MethodHandle MMAP = handle("mmap", FUNCTION, ERRNO);
    private static final MethodHandle MUNMAP = handle("munmap", FUNCTION, ERRNO);
    private static final MethodHandle STRERROR = handle("strerror", FUNCTION, ERRNO);
    private static final MethodHandle SYSCALL = handle(
            "syscall",
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            ERRNO,
            Linker.Option.firstVariadicArg(1));

    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1L);
    /** Where calls leave an error that nobody reads. */
    private static final MemorySegment IGNORED = Arena.global().allocate(Linker.Option.captureStateLayout());

    /** Where a call leaves its error. A virtual thread reads it before it can move to another carrier. */
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private NativeSyscalls() {}

    @Override
    public int open(Path path, int flags) throws SystemCallException {
        MemorySegment state = STATE.get();
        try (Arena arena = Arena.ofConfined()) {
            return checked(
                    (int) call(OPEN, state, NativePath.string(path, arena).address(), flags, 0, 0), state);
        }
    }

    @Override
    public void close(int descriptor) throws SystemCallException {
        MemorySegment state = STATE.get();
        checked((int) call(CLOSE, state, descriptor, 0, 0, 0), state);
    }

    @Override
    public long size(int descriptor) throws SystemCallException {
        MemorySegment state = STATE.get();
        long size = call(LSEEK, state, descriptor, 0, SEEK_END, 0);
        checked(size < 0 ? -1 : 0, state);
        return size;
    }

    @Override
    public int read(int descriptor, long address, int length, long position) {
        MemorySegment state = STATE.get();
        return negated((int) call(PREAD, state, descriptor, address, length, position), state);
    }

    @Override
    public int write(int descriptor, long address, int length, long position) {
        MemorySegment state = STATE.get();
        return negated((int) call(PWRITE, state, descriptor, address, length, position), state);
    }

    @Override
    public int sync(int descriptor, boolean metadata) {
        MemorySegment state = STATE.get();
        return negated((int) call(metadata ? FSYNC : FDATASYNC, state, descriptor, 0, 0, 0), state);
    }

    @Override
    public int allocate(int descriptor, long position, long bytes) {
        MemorySegment state = STATE.get();
        return negated((int) call(FALLOCATE, state, descriptor, FALLOC_FL_KEEP_SIZE, position, bytes), state);
    }

    @Override
    public int punch(int descriptor, long position, long bytes) {
        MemorySegment state = STATE.get();
        int mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
        return negated((int) call(FALLOCATE, state, descriptor, mode, position, bytes), state);
    }

    @Override
    public int discard(int descriptor, long position, long bytes) {
        MemorySegment state = STATE.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(JAVA_LONG, 2);
            range.setAtIndex(JAVA_LONG, 0, position);
            range.setAtIndex(JAVA_LONG, 1, bytes);
            return negated((int) call(IOCTL, state, descriptor, BLKDISCARD, range.address(), 0), state);
        }
    }

    @Override
    public void truncate(int descriptor, long bytes) throws SystemCallException {
        MemorySegment state = STATE.get();
        checked((int) call(FTRUNCATE, state, descriptor, bytes, 0, 0), state);
    }

    @Override
    public int eventDescriptor() throws SystemCallException {
        MemorySegment state = STATE.get();
        return checked((int) call(EVENTFD, state, 0, EFD_CLOEXEC, 0, 0), state);
    }

    @Override
    public void signal(int eventDescriptor) {
        long written = call(WRITE, IGNORED, eventDescriptor, ONE.address(), Long.BYTES, 0);
        if (written != Long.BYTES) {
            throw new IllegalStateException("an event descriptor takes no event");
        }
    }

    @Override
    public int setUpRing(int entries, MemorySegment params) throws SystemCallException {
        MemorySegment state = STATE.get();
        return checked((int) systemCall(state, IO_URING_SETUP, entries, params.address(), 0, 0), state);
    }

    @Override
    public int enterRing(int ring, int submit, int waitFor) {
        MemorySegment state = STATE.get();
        return negated((int) systemCall(state, IO_URING_ENTER, ring, submit, waitFor, ENTER_GETEVENTS), state);
    }

    @Override
    public MemorySegment map(int ring, long bytes, long offset) throws SystemCallException {
        MemorySegment state = STATE.get();
        long address = call(MMAP, state, 0, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, ring, offset);
        checked(address == MAP_FAILED ? -1 : 0, state);
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    @Override
    public void unmap(MemorySegment memory) throws SystemCallException {
        MemorySegment state = STATE.get();
        checked((int) call(MUNMAP, state, memory.address(), memory.byteSize(), 0, 0), state);
    }

    @Override
    public SystemCallException failure(int errno) {
        long text = call(STRERROR, IGNORED, errno, 0, 0, 0);
        return new SystemCallException(
                errno, MemorySegment.ofAddress(text).reinterpret(TEXT_BYTES_MAX).getString(0));
    }

    static long call(MethodHandle function, MemorySegment state, long a, long b, long c, long d) {
        return call(function, state, a, b, c, d, 0, 0);
    }

    static long call(MethodHandle function, MemorySegment state, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) function.invokeExact(state, a, b, c, d, e, f);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static long systemCall(MemorySegment state, long number, long a, long b, long c, long d) {
        try {
            return (long) SYSCALL.invokeExact(state, number, a, b, c, d, 0L, 0L);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private int checked(int result, MemorySegment state) throws SystemCallException {
        if (result < 0) {
            throw failure(errno(state));
        }
        return result;
    }

    private static int negated(int result, MemorySegment state) {
        return result < 0 ? -errno(state) : result;
    }

    /** Returns the number of the error that the last call left in {@code state}. */
    static int errno(MemorySegment state) {
        return state.get(JAVA_INT, ERRNO_OFFSET);
    }

    /**
     * Converts what a method handle may throw by its declaration. A system call itself throws nothing but errors of the
     * virtual machine.
     */
    private static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof RuntimeException e) {
            return e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        return new IllegalStateException(thrown);
    }

    static MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... options) {
        SymbolLookup library = LINKER.defaultLookup();
        return LINKER.downcallHandle(library.findOrThrow(name), type, options);
    }
}
