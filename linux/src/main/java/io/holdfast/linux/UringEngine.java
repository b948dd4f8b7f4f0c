package io.holdfast.linux;

import io.holdfast.device.BlockFile;
import io.holdfast.device.EngineRefusedException;
import io.holdfast.device.IoEngine;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Supplier;

/** File I/O by io_uring. */
public final class UringEngine implements IoEngine {
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_DIRECT_ELSEWHERE = 0x4000;
    private static final int O_DIRECT_ARM = 0x10000;

    private final Supplier<Syscalls> syscalls;

    /** For the service loader. */
    public UringEngine() {
        this(() -> NativeSyscalls.INSTANCE);
    }

    UringEngine(Supplier<Syscalls> syscalls) {
        this.syscalls = syscalls;
    }

    @Override
    public String name() {
        return "uring";
    }

    @Override
    public BlockFile open(Path path, boolean writable, boolean direct) throws IOException {
        Syscalls calls = syscalls();
        RingThread ring = startRing(calls, path);
        UringFile file = null;
        try {
            file = new UringFile(calls, ring, calls.open(path, flags(writable, direct)));
            return file;
        } catch (SystemCallException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT -> new NoSuchFileException(path.toString());
                case Errno.EACCES -> new AccessDeniedException(path.toString());
                default -> e;
            };
        } finally {
            if (file == null) {
                ring.close();
            }
        }
    }

    /**
     * Returns the system calls. Another system than Linux, or a JVM without native access, is a refusal and no error:
     * there are other engines.
     */
    private Syscalls syscalls() throws EngineRefusedException {
        String system = System.getProperty("os.name");
        if (!"Linux".equals(system)) {
            throw refused("there is none on " + system, new IOException());
        }
        try {
            return syscalls.get();
        } catch (LinkageError | IllegalCallerException | UnsupportedOperationException e) {
            throw refused("this Java virtual machine does not let us call the system: " + e, new IOException(e));
        }
    }

    private static RingThread startRing(Syscalls calls, Path path) throws EngineRefusedException {
        try {
            return RingThread.start(calls, String.valueOf(path.getFileName()), () -> {});
        } catch (SystemCallException e) {
            throw refused(
                    switch (e.errno()) {
                        case Errno.ENOSYS ->
                            "this kernel has none, or one that is too old (Linux 5.6 or later is needed)";
                        case Errno.EPERM, Errno.EACCES ->
                            "it is forbidden here, by the setting kernel.io_uring_disabled or by the rules of a container";
                        case Errno.ENOMEM -> "the limit of locked memory is too low (ulimit -l), or memory is short";
                        case Errno.EMFILE -> "too many files are open (ulimit -n)";
                        default -> "the kernel refuses it: " + e.getMessage();
                    },
                    e);
        }
    }

    private static EngineRefusedException refused(String why, IOException cause) {
        return new EngineRefusedException("io_uring cannot be used: " + why, cause);
    }

    private static int flags(boolean writable, boolean direct) {
        return O_CLOEXEC | (writable ? O_RDWR : 0) | (direct ? directFlag(System.getProperty("os.arch")) : 0);
    }

    /** One of the few flags with different numbers; see {@code asm/fcntl.h}. */
    static int directFlag(String architecture) {
        return architecture.equals("aarch64") || architecture.equals("arm") ? O_DIRECT_ARM : O_DIRECT_ELSEWHERE;
    }
}
