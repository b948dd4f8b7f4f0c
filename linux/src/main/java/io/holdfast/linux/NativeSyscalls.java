package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;

/**
 * The system calls through the C library of this process. There is no wrapper in it for rings, so those go through
 * {@code syscall(2)}; their numbers are the same on all of Linux's architectures that have a 64-bit JVM.
 *
 * <p>None of the calls is «critical» in the sense of {@link Linker.Option#critical}: that would keep the garbage
 * collector waiting for as long as the call blocks.
 */
@SuppressWarnings("restricted") // what the C library's functions take and return is stated here, and nobody checks it
final class NativeSyscalls implements Syscalls {
    static final Syscalls INSTANCE = new NativeSyscalls();

    private static final long IO_URING_SETUP = 425;
    private static final long IO_URING_ENTER = 426;
    private static final int ENTER_GETEVENTS = 1;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int SEEK_END = 2;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;
    private static final long MAP_FAILED = -1;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO_FIELD =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final AddressLayout STRING =
            ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(4096, ValueLayout.JAVA_BYTE));

    private static final MethodHandle OPEN = handle("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), ERRNO);
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle LSEEK =
            handle("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT), ERRNO);
    private static final FunctionDescriptor TRANSFER =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle PREAD = handle("pread64", TRANSFER, ERRNO);
    private static final MethodHandle PWRITE = handle("pwrite64", TRANSFER, ERRNO);
    private static final MethodHandle FSYNC = handle("fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle FDATASYNC = handle("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle EVENTFD =
            handle("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT), ERRNO);
    private static final MethodHandle WRITE =
            handle("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle MMAP = handle(
            "mmap",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG),
            ERRNO);
    private static final MethodHandle MUNMAP =
            handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG), ERRNO);
    private static final MethodHandle STRERROR = handle("strerror", FunctionDescriptor.of(STRING, JAVA_INT));
    private static final MethodHandle SETUP = handle(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS),
            ERRNO,
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle ENTER = handle(
            "syscall",
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            ERRNO,
            Linker.Option.firstVariadicArg(1));

    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1L);
    private static final Charset PATH_CHARSET =
            Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"), Charset.defaultCharset());

    /** Where a call leaves its error. On a virtual thread it is never read after the thread may have moved. */
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private NativeSyscalls() {}

    @Override
    public int open(Path path, int flags) throws SystemCallException {
        MemorySegment state = STATE.get();
        try (Arena arena = Arena.ofConfined()) {
            byte[] name = path.toString().getBytes(PATH_CHARSET);
            MemorySegment string = arena.allocate(name.length + 1L);
            string.copyFrom(MemorySegment.ofArray(name));
            return (int) checked((int) OPEN.invokeExact(state, string, flags), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public void close(int descriptor) throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            checked((int) CLOSE.invokeExact(state, descriptor), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public long size(int descriptor) throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            return checked((long) LSEEK.invokeExact(state, descriptor, 0L, SEEK_END), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int read(int descriptor, long address, int length, long position) {
        return transfer(PREAD, descriptor, address, length, position);
    }

    @Override
    public int write(int descriptor, long address, int length, long position) {
        return transfer(PWRITE, descriptor, address, length, position);
    }

    private static int transfer(MethodHandle call, int descriptor, long address, int length, long position) {
        MemorySegment state = STATE.get();
        try {
            long result = (long) call.invokeExact(state, descriptor, address, (long) length, position);
            return result < 0 ? -errno(state) : (int) result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int sync(int descriptor, boolean metadata) {
        MemorySegment state = STATE.get();
        try {
            int result = metadata
                    ? (int) FSYNC.invokeExact(state, descriptor)
                    : (int) FDATASYNC.invokeExact(state, descriptor);
            return result < 0 ? -errno(state) : 0;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int eventDescriptor() throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            return (int) checked((int) EVENTFD.invokeExact(state, 0, EFD_CLOEXEC), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public void signal(int eventDescriptor) {
        try {
            long written = (long) WRITE.invokeExact(eventDescriptor, ONE, Long.BYTES + 0L);
            if (written != Long.BYTES) {
                throw new IllegalStateException("an event descriptor takes no event");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int setUpRing(int entries, MemorySegment params) throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            return (int) checked((long) SETUP.invokeExact(state, IO_URING_SETUP, (long) entries, params), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public int enterRing(int ring, int submit, int waitFor) {
        MemorySegment state = STATE.get();
        try {
            long result = (long) ENTER.invokeExact(
                    state, IO_URING_ENTER, (long) ring, (long) submit, (long) waitFor, (long) ENTER_GETEVENTS, 0L, 0L);
            return result < 0 ? -errno(state) : (int) result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public MemorySegment map(int ring, long bytes, long offset) throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            long address =
                    (long) MMAP.invokeExact(state, 0L, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, ring, offset);
            checked(address == MAP_FAILED ? -1 : 0, state);
            return MemorySegment.ofAddress(address).reinterpret(bytes);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public void unmap(MemorySegment memory) throws SystemCallException {
        MemorySegment state = STATE.get();
        try {
            checked((int) MUNMAP.invokeExact(state, memory.address(), memory.byteSize()), state);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    public SystemCallException failure(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return new SystemCallException(errno, text.getString(0));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private long checked(long result, MemorySegment state) throws SystemCallException {
        if (result < 0) {
            throw failure(errno(state));
        }
        return result;
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO_FIELD.get(state, 0L);
    }

    /** A method handle declares to throw anything; only the exceptions of this class are to be expected. */
    private static SystemCallException unexpected(Throwable thrown) {
        if (thrown instanceof SystemCallException e) {
            return e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException(thrown);
    }

    private static MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... options) {
        SymbolLookup library = LINKER.defaultLookup();
        return LINKER.downcallHandle(library.findOrThrow(name), type, options);
    }
}
