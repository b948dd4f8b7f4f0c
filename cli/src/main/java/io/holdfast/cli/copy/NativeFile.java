package io.holdfast.cli.copy;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A file opened by Linux's C library, for two things that Java cannot do: find where a file has data, and open a block
 * device exclusively.
 *
 * <p>Invariants: until it is closed the descriptor leads to the same file, even if the path changes. The descriptor is closed once:
 * afterwards its number is that of another file or connection of this process, whatever is opened next.
 */
final class NativeFile implements AutoCloseable {
    private static final int O_RDONLY = 0;
    private static final int O_WRONLY = 1;
    private static final int O_EXCL = 0200;
    private static final int O_CLOEXEC = 02000000;
    private static final int SEEK_DATA = 3;
    private static final int ENXIO = 6;
    private static final int EBUSY = 16;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

    private final Calls calls;
    private final int fd;
    private final AtomicBoolean closed = new AtomicBoolean();

    private NativeFile(Calls calls, int fd) {
        this.calls = calls;
        this.fd = fd;
    }

    /** The three functions of the C library. */
    private record Calls(MethodHandle open, MethodHandle lseek, MethodHandle close) {
        static @Nullable Calls linked() {
            if (!System.getProperty("os.name").equals("Linux")) {
                return null;
            }
            try {
                return link();
            } catch (RuntimeException | LinkageError noNativeAccess) {
                return null;
            }
        }

        @SuppressWarnings("restricted")
        private static Calls link() {
            Linker linker = Linker.nativeLinker();
            return new Calls(
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("open"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                            Linker.Option.firstVariadicArg(2),
                            Linker.Option.captureCallState("errno")),
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("lseek"),
                            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT),
                            Linker.Option.captureCallState("errno")),
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT)));
        }
    }

    /** Opens for reading; empty where the C library cannot be used. */
    static Optional<NativeFile> read(Path file) {
        Calls calls = Calls.linked();
        if (calls == null) {
            return Optional.empty();
        }
        int fd = open(calls, file, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? Optional.empty() : Optional.of(new NativeFile(calls, fd));
    }

    /**
     * Opens a block device exclusively ({@code O_EXCL}): until this is closed nobody can mount it.
     *
     * @return empty where the C library cannot be used
     * @throws DeviceBusyException if it is mounted, in this or another mount namespace, or part of another device
     */
    static Optional<NativeFile> claimDevice(Path device) throws DeviceBusyException {
        Calls calls = Calls.linked();
        if (calls == null) {
            return Optional.empty();
        }
        int fd = open(calls, device, O_WRONLY | O_EXCL | O_CLOEXEC);
        if (fd == -EBUSY) {
            throw new DeviceBusyException(device);
        }
        return fd < 0 ? Optional.empty() : Optional.of(new NativeFile(calls, fd));
    }

    /** Returns a descriptor or the negated number of the error. */
    private static int open(Calls calls, Path file, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int fd = (int) calls.open.invokeExact(state, arena.allocateFrom(file.toString()), flags);
            return fd < 0 ? -(int) ERRNO.get(state, 0L) : fd;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Returns a path that leads to this very file. */
    Path path() {
        return Path.of("/proc/self/fd", Integer.toString(fd));
    }

    /**
     * Returns the first offset from {@code offset} on that may have data, or {@code size} if there is none. This only
     * saves time: where the file system cannot tell, every offset may have data.
     */
    long nextData(long offset, long size) {
        if (closed.get()) {
            return offset; // the read that follows fails
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long found = (long) calls.lseek.invokeExact(state, fd, offset, SEEK_DATA);
            if (found >= 0) {
                return Math.min(found, size);
            }
            boolean onlyHoleFromHere = (int) ERRNO.get(state, 0L) == ENXIO;
            return onlyHoleFromHere ? size : offset;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Closes. Does nothing the second time. */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            int ignored = (int) calls.close.invokeExact(fd);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof Error e) {
            throw e;
        }
        return thrown instanceof RuntimeException e ? e : new IllegalStateException(thrown);
    }
}
