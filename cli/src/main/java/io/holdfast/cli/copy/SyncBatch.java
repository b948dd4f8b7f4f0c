package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Makes files and directories durable, many at a time: file systems make those durable together that are synced at the same
 * time. One file after the other costs a device flush each.
 *
 * <p>A file is synced through the channel that wrote it. The kernel tells of an error of its own writing to those who had the file
 * open by then; to one who opens it later it may have forgotten that.
 *
 * <p>Invariant: when {@link #sync} has returned, all that was added is on the medium. Holds at most {@value #OPEN_MAX} open
 * files, a file more than {@value #BYTES_MAX} bytes of them, and {@value #DIRECTORIES_MAX} directories. Used by one thread.
 */
public final class SyncBatch implements AutoCloseable {
    static final int OPEN_MAX = 256;
    static final long BYTES_MAX = 256L << 20;
    static final int DIRECTORIES_MAX = 1024;
    /** Syncs under way at once. */
    private static final int THREADS = 16;

    private final Syncing syncing;
    private final ExecutorService threads = Executors.newFixedThreadPool(
            THREADS, Thread.ofPlatform().daemon().name("holdfast-sync-", 0).factory());

    private final List<Written> files = new ArrayList<>();
    private final Set<Path> directories = new LinkedHashSet<>();
    private long bytes;

    /** A file and the channel that wrote it; a directory has none. */
    private record Written(Path path, @Nullable FileChannel channel) {}

    /** Makes one file or directory durable. */
    @FunctionalInterface
    interface Syncing {
        /**
         * Returns once the file or directory is on the medium.
         *
         * @param channel the one that wrote the file; null for a directory
         */
        void sync(Path path, @Nullable FileChannel channel) throws IOException;
    }

    /** Makes a batch for files of the host. */
    public SyncBatch() {
        this(SyncBatch::force);
    }

    SyncBatch(Syncing syncing) {
        this.syncing = syncing;
    }

    private static void force(Path path, @Nullable FileChannel written) throws IOException {
        if (written != null) {
            written.force(true);
            return;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Adds a directory that has the names that it is to have. May make durable what was added before. */
    public void addDirectory(Path path) throws IOException {
        if (directories.size() >= DIRECTORIES_MAX && !directories.contains(path)) {
            sync();
        }
        directories.add(path);
    }

    /**
     * Adds a file that is written as far as it is to be. May make durable what was added before.
     *
     * @param channel the one that wrote the file. Closed by this once the file is durable or failed to become it; if this method
     *     throws, the caller closes it
     * @param written bytes that were written to it
     */
    void addFile(Path path, FileChannel channel, long written) throws IOException {
        if (files.size() >= OPEN_MAX || bytes >= BYTES_MAX) {
            sync();
        }
        files.add(new Written(path, channel));
        bytes += written;
    }

    /**
     * Makes all durable that was added.
     *
     * @throws IOException if that fails for one of the paths, and names it; others may be durable. It is no {@code
     *     FileSystemException}: the path that is named need not be the one that was added last
     */
    public void sync() throws IOException {
        List<Written> all = new ArrayList<>(files);
        directories.forEach(directory -> all.add(new Written(directory, null)));
        files.clear();
        directories.clear();
        bytes = 0;
        List<Future<?>> running = new ArrayList<>(all.size());
        for (Written each : all) {
            running.add(threads.submit(() -> {
                try (FileChannel _ = each.channel) {
                    syncing.sync(each.path, each.channel);
                }
                return each;
            }));
        }
        IOException first = null;
        for (int i = 0; i < all.size(); i++) {
            try {
                await(running.get(i), all.get(i).path);
            } catch (IOException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private static void await(Future<?> running, Path path) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    running.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    Throwable why = e.getCause() == null ? e : e.getCause();
                    throw new IOException(path + ": cannot be made durable: " + why.getMessage(), why);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the threads and closes the files. What was added and not synced may not be durable. */
    @Override
    public void close() throws IOException {
        threads.close();
        IOException first = null;
        for (Written each : files) {
            FileChannel channel = each.channel;
            try {
                if (channel != null) {
                    channel.close();
                }
            } catch (IOException e) {
                first = first == null ? e : first;
            }
        }
        files.clear();
        if (first != null) {
            throw first;
        }
    }
}
