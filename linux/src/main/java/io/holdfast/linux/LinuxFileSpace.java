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
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

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

    @Override
    public OptionalLong taken(Path file) throws IOException {
        Optional<MethodHandle> statx = "Linux".equals(System.getProperty("os.name")) ? statx() : Optional.empty();
        if (statx.isEmpty()) {
            return OptionalLong.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(STRUCT_BYTES, Long.BYTES);
            if (call(statx.get(), NativePath.string(file, arena), answer) != 0) {
                throw new IOException(file + ": the system does not tell how much space it takes");
            }
            boolean told = (answer.get(JAVA_INT, 0) & STATX_BLOCKS) != 0;
            boolean regular = (answer.get(JAVA_SHORT, MODE_OFFSET) & S_IFMT) == S_IFREG;
            return told && regular
                    ? OptionalLong.of(answer.get(JAVA_LONG, BLOCKS_OFFSET) * SECTOR)
                    : OptionalLong.empty();
        }
    }

    /** Returns the function; empty where the C library is too old, or the virtual machine lets us call nothing. */
    private static Optional<MethodHandle> statx() {
        try {
            Linker linker = Linker.nativeLinker();
            FunctionDescriptor type =
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
            return linker.defaultLookup().find("statx").map(address -> linker.downcallHandle(address, type));
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
