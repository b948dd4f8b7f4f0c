package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.holdfast.device.FileSpace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Asks {@code statx(2)}, whose structure is the same on all architectures:
 *
 * <pre>
 *   0 mask (32 bits)   28 mode (16 bits)   48 blocks of 512 bytes (64 bits)   256 end
 * </pre>
 */
@SuppressWarnings("restricted") // the type of the function is as the C library has it
public final class LinuxFileSpace implements FileSpace {
    private static final int AT_FDCWD = -100;
    private static final int STATX_BLOCKS = 0x400;
    private static final int SECTOR = 512;
    private static final long STRUCT_BYTES = 256;
    private static final long MODE_OFFSET = 28;
    private static final long BLOCKS_OFFSET = 48;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFREG = 0x8000;

    private final Supplier<Optional<Statx>> statx;

    /** The function. */
    interface Statx {
        /** Returns 0 if the answer is there. */
        int call(MemorySegment path, MemorySegment answer);
    }

    /** Uses the function of the C library. */
    public LinuxFileSpace() {
        this(LinuxFileSpace::find);
    }

    LinuxFileSpace(Supplier<Optional<Statx>> statx) {
        this.statx = statx;
    }

    @Override
    public OptionalLong taken(Path file) throws IOException {
        Optional<Statx> function = "Linux".equals(System.getProperty("os.name")) ? statx.get() : Optional.empty();
        if (function.isEmpty()) {
            return OptionalLong.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(STRUCT_BYTES, Long.BYTES);
            if (function.get().call(NativePath.string(file, arena), answer) != 0) {
                // Where the kernel has no such call, or a sandbox forbids it, the file is there all the same.
                Files.readAttributes(file, BasicFileAttributes.class);
                return OptionalLong.empty();
            }
            boolean told = (answer.get(JAVA_INT, 0) & STATX_BLOCKS) != 0;
            boolean regular = (answer.get(JAVA_SHORT, MODE_OFFSET) & S_IFMT) == S_IFREG;
            return told && regular
                    ? OptionalLong.of(answer.get(JAVA_LONG, BLOCKS_OFFSET) * SECTOR)
                    : OptionalLong.empty();
        }
    }

    /** Returns the function; empty where the C library is too old, or the virtual machine lets us call nothing. */
    private static Optional<Statx> find() {
        try {
            Linker linker = Linker.nativeLinker();
            FunctionDescriptor type =
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
            return linker.defaultLookup()
                    .find("statx")
                    .map(address -> linker.downcallHandle(address, type))
                    .map(handle -> (path, answer) -> call(handle, path, answer));
        } catch (IllegalCallerException | UnsupportedOperationException e) {
            System.getLogger(LinuxFileSpace.class.getName())
                    .log(System.Logger.Level.DEBUG, "statx cannot be called: {0}", e);
            return Optional.empty();
        }
    }

    private static int call(MethodHandle statx, MemorySegment path, MemorySegment answer) {
        try {
            return (int) (long)
                    statx.invokeExact((long) AT_FDCWD, path.address(), 0L, (long) STATX_BLOCKS, answer.address(), 0L);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // by its declaration a method handle may throw anything
        }
    }
}
