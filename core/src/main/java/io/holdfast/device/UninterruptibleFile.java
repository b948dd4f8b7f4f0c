package io.holdfast.device;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Positional I/O on one open file. An interrupt neither ends a call nor harms the file.
 *
 * <p>A {@link java.nio.channels.FileChannel} closes itself when a thread that uses it is interrupted. That would take
 * the device away from every other thread. It could also swallow the error of an {@code fsync}, which the kernel
 * reports only once: to open the file again and repeat the call would turn a lost write into a success. So anybody's
 * {@code Thread.interrupt()} or {@code Future.cancel(true)} could fail the volume. This class uses an {@link
 * AsynchronousFileChannel}, which is not interruptible. On platform threads its calls run on the calling thread ({@link
 * IoThreads}) and cost as much as those of a {@code FileChannel}.
 *
 * <p>Invariants: a call returns only after the system call has, so no buffer is in use afterwards. The caller's
 * interrupt status is then as it was before, or set if an interrupt arrived meanwhile.
 */
final class UninterruptibleFile implements BlockFile {
    /** How a file is opened. */
    enum Mode {
        READ,
        READ_DIRECT,
        WRITE,
        WRITE_DIRECT,
        /** Reads and writes a file of ours, and refuses a symbolic link that somebody may have put in its place. */
        WRITE_NO_LINK;

        static Mode of(boolean writable, boolean direct) {
            if (writable) {
                return direct ? WRITE_DIRECT : WRITE;
            }
            return direct ? READ_DIRECT : READ;
        }

        private Set<OpenOption> options() {
            Set<OpenOption> options = new HashSet<>();
            options.add(StandardOpenOption.READ);
            if (this != READ && this != READ_DIRECT) {
                options.add(StandardOpenOption.WRITE);
            }
            if (this == READ_DIRECT || this == WRITE_DIRECT) {
                options.add(DirectOpenOption.get()
                        .orElseThrow(() -> new UnsupportedOperationException("this JVM has no direct I/O")));
            }
            if (this == WRITE_NO_LINK) {
                options.add(LinkOption.NOFOLLOW_LINKS);
            }
            return options;
        }
    }

    private final AsynchronousFileChannel channel;

    private UninterruptibleFile(AsynchronousFileChannel channel) {
        this.channel = channel;
    }

    /** Opens an existing file. */
    static UninterruptibleFile open(Path path, Mode mode) throws IOException {
        return new UninterruptibleFile(AsynchronousFileChannel.open(path, mode.options(), IoThreads.SHARED));
    }

    /** Reads at most what is left in {@code target}; returns the count, or -1 at the end of the file. */
    int read(ByteBuffer target, long position) throws IOException {
        return await(channel.read(target, position));
    }

    /** Writes at most what is left in {@code source}; returns the count. */
    int write(ByteBuffer source, long position) throws IOException {
        return await(channel.write(source, position));
    }

    @Override
    public int read(MemorySegment target, long position) throws IOException {
        return read(target.asByteBuffer(), position);
    }

    @Override
    public int write(MemorySegment source, long position) throws IOException {
        return write(source.asByteBuffer(), position);
    }

    @Override
    public void force(boolean metadata) throws IOException {
        if (Thread.currentThread().isVirtual()) {
            await(IoThreads.SHARED.submit(() -> {
                channel.force(metadata);
                return 0;
            }));
        } else {
            channel.force(metadata);
        }
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void truncate(long size) throws IOException {
        channel.truncate(size);
    }

    /** Locks the whole file against other processes. Returns null if one of them has a part of it locked. */
    @Nullable
    FileLock tryLock(boolean shared) throws IOException {
        return tryLock(0, Long.MAX_VALUE, shared);
    }

    /** Locks a range of bytes, which may lie behind the end, in the same way. */
    @Nullable
    FileLock tryLock(long start, long length, boolean shared) throws IOException {
        return channel.tryLock(start, length, shared);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static int await(Future<Integer> transfer) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return transfer.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof IOException cause) {
                        throw cause;
                    }
                    throw new IOException(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
