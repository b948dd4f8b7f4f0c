package io.holdfast.file;

import io.holdfast.background.Background;
import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.concurrent.Helpers;
import io.holdfast.concurrent.Timing;
import io.holdfast.device.BufferPool;
import io.holdfast.error.HoldfastException;
import io.holdfast.log.WriteLog;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.UnnamedOpener;
import io.holdfast.space.SpaceReserver;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.StoredFile;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Puts the file layer of one volume together and takes it apart. */
public final class FileLayer {
    /** Reads under way at the same time, with little memory and with much; each holds a buffer of {@link #READ_BLOCKS_MAX} blocks. */
    private static final int READS_MIN = 8;

    private static final int READS_MAX = 32;
    /** So much cache allows one more of them. */
    private static final long CACHE_BYTES_PER_READ = 2L << 20;

    private static final int READ_BLOCKS_MAX = 64;

    private final BufferPool readBuffers;
    /** Threads that help with large writes, of all files. */
    private static final int HELPERS_MAX = 4;

    private final Helpers helpers = new Helpers("holdfast-helper", HELPERS_MAX);
    private final PageCache cache;
    private final IoCounters counters = new IoCounters();
    private final OrphanReaper reaper;
    private final FileTable table;
    private final FileUses uses;
    private final FileContext context;
    private final @Nullable Writeback writeback;

    /** What it takes to write; absent for a volume that is open read-only. */
    public record Writable(WriteLog log, Checkpointer checkpointer, SpaceReserver reserver) {}

    public FileLayer(
            VolumeState volume,
            long cacheBytes,
            InstantSource clock,
            Timing timing,
            Background background,
            @Nullable Writable writable) {
        cache = new PageCache(cacheBytes, volume.space());
        readBuffers = BufferPool.beside(
                Math.clamp(cacheBytes / CACHE_BYTES_PER_READ, READS_MIN, READS_MAX), READ_BLOCKS_MAX, cache::close);
        BlockReader reader =
                new BlockReader(volume.store(), volume.checksum(), readBuffers, volume.readers(), counters);
        FileContext.Writer writer = writable == null
                ? null
                : new FileContext.Writer(
                        volume.latch(),
                        volume.room(),
                        volume.space(),
                        writable.reserver(),
                        writable.log(),
                        writable.checkpointer(),
                        helpers);
        context = new FileContext(volume.device().name(), reader, cache, volume.maps(), counters, clock, writer);
        uses = new FileUses(timing);
        reaper = new OrphanReaper(volume.items(), volume.maps(), background);
        table = new FileTable(context, volume.items(), reaper);
        writeback = writer == null ? null : new Writeback(table, cache, writer, counters.throttled, timing);
        if (writeback != null) {
            table.setWriteback(writeback);
        }
    }

    /** Starts the background threads. */
    public void start() throws HoldfastException {
        FileContext.Writer writer = context.writer();
        if (writeback != null && writer != null) {
            writeback.start();
            reaper.start(table, writer);
        }
    }

    /** Returns whether removed files may still hold space. */
    public boolean isReaping() {
        return reaper.isBusy();
    }

    /** Returns whether the space of removed files is freed at present: nobody has paused that, or somebody waits for it. */
    public boolean mayReap() {
        return reaper.mayGoOn();
    }

    /** Waits until removed files hold no space but what the next checkpoint frees. */
    public void awaitReaped() {
        reaper.awaitIdle();
    }

    public FileTable table() {
        return table;
    }

    public PageCache cache() {
        return cache;
    }

    public IoCounters counters() {
        return counters;
    }

    /**
     * Opens a file; called with the namespace's lock held.
     *
     * @param path canonical; null if it is not known
     * @param user who opens it, if any
     */
    public StoredFile open(long inode, @Nullable String path, Opening opening, @Nullable FileUser user)
            throws HoldfastException {
        FileData file = table.acquire(inode, path);
        boolean done = false;
        try {
            FileUses.Use use = user == null ? null : uses.begin(file, user);
            OpenFile handle = new OpenFile(table, file, writeback, opening == Opening.DISK, uses, user, use);
            done = true;
            return handle;
        } finally {
            if (!done) {
                table.release(file);
            }
        }
    }

    /** What a file is opened as. */
    public enum Opening {
        FILE,
        /** No call through this handle changes the size of the file. */
        DISK
    }

    public FileUses uses() {
        return uses;
    }

    /** Opens a file once more, so that it stays open; null if it is not open. */
    public @Nullable StoredFile openAgain(long inode) {
        FileData file = table.acquireAgain(inode);
        return file == null ? null : new OpenFile(table, file, writeback, false, uses, null, null);
    }

    /** Opens files that have no name. */
    public UnnamedOpener<StoredFile> unnamed() {
        return new UnnamedOpener<>() {
            @Override
            public StoredFile open(long inode, InodeRecord record) {
                return openNew(inode, record, null);
            }

            @Override
            public void close(StoredFile file) {
                file.close();
            }
        };
    }

    /**
     * Opens a file that was created just now; called with the namespace's lock held. Reads nothing.
     *
     * @param user who opens it, if any
     */
    public StoredFile openNew(long inode, InodeRecord record, @Nullable FileUser user) {
        FileData file = table.acquireNew(inode, record);
        FileUses.Use use = user == null ? null : uses.beginNew(file, user);
        return new OpenFile(table, file, writeback, false, uses, user, use);
    }

    /** Writes all that is dirty to the device. */
    public void writeAll() throws HoldfastException {
        if (writeback != null) {
            writeback.writeAll();
        }
    }

    /** Drops the dirty pages of open files without a name: nothing of these files outlives the close of the volume. */
    public void dropUnnamed() {
        table.files().stream().filter(FileData::unlinked).forEach(FileTable::drop);
    }

    /** Puts every change of every file into the log. */
    public void logAll() throws HoldfastException {
        if (writeback != null) {
            writeback.logAll();
        }
    }

    /** Makes everything durable. */
    public void sync() throws HoldfastException {
        if (writeback != null) {
            writeback.sync();
        }
    }

    public long dirtyPages() {
        return cache.dirty();
    }

    /** Returns how many blocks of a file only memory has. */
    public long dirtyBlocks(long inode) {
        return table.dirtyBlocks(inode);
    }

    /** Ends the background threads; writes nothing. */
    public void stop() {
        table.closeQueues();
        helpers.stop();
        if (writeback != null) {
            writeback.stop();
            reaper.stop();
        }
    }

    /** Gives the memory back. No call may be running any more. */
    public void close() {
        cache.close();
        readBuffers.close();
    }

    /** Returns how many read buffers are in use; 0 at rest. */
    public int buffersInUse() {
        return readBuffers.inUse();
    }
}
