package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A device on a regular file or a block device, read and written by an {@link IoEngine}. {@link IoEngine#PLAIN} needs
 * Java alone, on every platform.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>An interrupt of a calling thread changes nothing ({@link BlockFile}).
 *   <li>A short transfer goes on where it stopped.
 *   <li>Once a flush has failed, every later write and flush fails with that first cause. A flush that ran at the same
 *       time does not report success.
 * </ul>
 */
public final class FileDevice implements FormattableDevice {
    static final long TRANSFER_BYTES_MAX = 1L << 30;

    private final Path path;
    /** The key of the volume in {@link VolumeLock}. */
    private final Object key;

    private final BlockFile file;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final boolean writable;
    private final boolean direct;
    private final boolean onBlockDevice;
    private final AllocatedChunks chunks;
    private final ReentrantLock flushLock = new ReentrantLock();
    private volatile long blocks;
    private volatile @Nullable HoldfastException flushFailure;

    FileDevice(
            Path path,
            Object key,
            BlockFile file,
            boolean writable,
            boolean direct,
            boolean onBlockDevice,
            long blocks) {
        this.path = path;
        this.key = key;
        this.file = file;
        this.writable = writable;
        this.direct = direct;
        this.onBlockDevice = onBlockDevice;
        this.chunks = new AllocatedChunks(file);
        this.blocks = blocks;
    }

    /**
     * Opens an existing file or block device, with the size that it has. Leaves bytes after the last whole block alone.
     *
     * @param direct bypass the page cache if that is possible here; {@link #directIo()} tells
     * @throws HoldfastException {@code NOT_FOUND}; {@code IS_A_DIRECTORY} or {@code INVALID} if it is neither a regular
     *     file nor a block device; {@code DEVICE_ERROR} if it cannot be opened
     */
    public static FileDevice open(Path path, boolean writable, boolean direct) throws HoldfastException {
        return FileOpening.open(path, writable, direct, IoEngine.PLAIN);
    }

    /**
     * Does as {@link #open(Path, boolean, boolean)}, by an engine.
     *
     * @throws EngineRefusedException if the system does not let the engine work
     */
    public static FileDevice open(Path path, boolean writable, boolean direct, IoEngine engine)
            throws HoldfastException {
        return FileOpening.open(path, writable, direct, engine);
    }

    /**
     * Opens for writing, with the size wanted. Creates the file if there is none, and grows a regular file that is
     * shorter, without allocating space. Cuts nothing off. If this fails, it removes the file that it created.
     *
     * @param bytes the size wanted, in whole blocks; {@link #blocks()} is that afterwards. 0 takes what is there
     * @throws HoldfastException {@code INVALID} if a block device is smaller
     */
    public static FileDevice create(Path path, long bytes, boolean direct) throws HoldfastException {
        return FileOpening.create(path, bytes, direct, IoEngine.PLAIN);
    }

    /** Does as {@link #create(Path, long, boolean)}, by an engine. */
    public static FileDevice create(Path path, long bytes, boolean direct, IoEngine engine) throws HoldfastException {
        return FileOpening.create(path, bytes, direct, engine);
    }

    /**
     * Sets the size of a device that is open for writing. Grows a regular file that is shorter, sparsely. Returns after
     * the new size is durable. Call this before anything else uses the device.
     */
    @Override
    public void resize(long bytes) throws HoldfastException {
        if (bytes < 0 || bytes % Block.SIZE != 0) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s: %d bytes are not whole blocks; give a multiple of %d".formatted(path, bytes, Block.SIZE));
        }
        requireWritable();
        try {
            long present = FileOpening.bytes(path, file);
            extend(present, bytes);
            blocks = (bytes == 0 ? present : bytes) / Block.SIZE;
            // A new file must still be there after a crash: so, unlike flush(), also metadata and the directory.
            file.force(true);
            FileOpening.forceDirectory(path);
        } catch (HoldfastException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot set the size to " + SizeText.exact(bytes), e);
        }
    }

    /** Makes a regular file that is shorter longer, sparsely. */
    private void extend(long present, long bytes) throws IOException {
        if (bytes <= present) {
            return;
        }
        if (BlockDeviceNumber.of(path).isPresent()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s has %s, less than the %s that the volume is to have"
                            .formatted(path, SizeText.exact(present), SizeText.exact(bytes)));
        }
        FileOpening.grow(file, bytes);
    }

    @Override
    public long grow(long wanted) throws HoldfastException {
        requireOpen();
        requireWritable();
        requireFlushable();
        try {
            extend(FileOpening.bytes(path, file), wanted * Block.SIZE);
            long present = FileOpening.bytes(path, file) / Block.SIZE;
            blocks = Math.max(blocks, present);
            return present;
        } catch (HoldfastException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot make it larger, to " + SizeText.exact(wanted * Block.SIZE), e);
        }
    }

    @Override
    public boolean takesRoomWhenWritten() {
        return !onBlockDevice;
    }

    @Override
    public long preallocate(long from, long wanted, LongConsumer step) throws HoldfastException {
        if (onBlockDevice) {
            return grow(wanted);
        }
        requireOpen();
        requireWritable();
        requireFlushable();
        try {
            return preallocate(new Preallocation(path, file), from, wanted, step);
        } catch (HoldfastException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot take " + SizeText.exact((wanted - from) * Block.SIZE) + " beforehand", e);
        }
    }

    private long preallocate(Preallocation preallocation, long from, long wanted, LongConsumer step)
            throws IOException {
        long before = blocks;
        preallocation.require(from, wanted);
        boolean done = false;
        try {
            long present = grow(wanted);
            preallocation.take(from, wanted, step);
            chunks.taken(from, wanted);
            flush(true);
            done = true;
            return present;
        } finally {
            if (!done) {
                blocks = before;
                preallocation.undo();
            }
        }
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public long blocks() {
        return blocks;
    }

    @Override
    public boolean directIo() {
        return direct;
    }

    @Override
    public void read(long block, MemorySegment target) throws HoldfastException {
        DeviceChecks.requireInside(this, block, DeviceChecks.requireTarget(target));
        requireOpen();
        long done = 0;
        while (done < target.byteSize()) {
            try {
                long count = Math.min(target.byteSize() - done, TRANSFER_BYTES_MAX);
                int read = file.read(target.asSlice(done, count), block * Block.SIZE + done);
                if (read <= 0) {
                    throw new EOFException("the file ends here; it has become shorter since it was opened");
                }
                done += progress(read, count);
            } catch (IOException e) {
                throw failure("cannot read block " + (block + done / Block.SIZE), e);
            }
        }
    }

    @Override
    public @Nullable DeviceReads openReads(String name, Runnable handedOn) {
        BlockReads reads = file.openReads(name, handedOn);
        return reads == null ? null : new FileReads(this, reads);
    }

    /** Also reads what follows the last whole block: {@link DeviceProbe} must see it. */
    @Override
    public int readBytes(long position, MemorySegment target) throws HoldfastException {
        try {
            int done = 0;
            while (done < target.byteSize()) {
                int read = file.read(target.asSlice(done), position + done);
                if (read <= 0) {
                    break;
                }
                done += read;
                if (read % Block.SIZE != 0) {
                    break;
                }
            }
            return done;
        } catch (IOException e) {
            throw failure("cannot read block " + position / Block.SIZE, e);
        }
    }

    @Override
    public long bytes() throws HoldfastException {
        try {
            return FileOpening.bytes(path, file);
        } catch (IOException e) {
            throw failure("cannot tell the size", e);
        }
    }

    @Override
    public void allocate(long block, long count) throws HoldfastException {
        DeviceChecks.requireInside(this, block, count);
        requireOpen();
        requireWritable();
        if (onBlockDevice) {
            return;
        }
        try {
            if (!chunks.isKnown()) {
                learnWhatIsTaken();
            }
            chunks.allocate(block, count, blocks);
        } catch (IOException e) {
            throw failure("cannot take room for blocks " + block + " to " + (block + count - 1), e);
        }
    }

    @Override
    public boolean discard(long block, long count) throws HoldfastException {
        DeviceChecks.requireInside(this, block, count);
        requireOpen();
        requireWritable();
        requireFlushable();
        try {
            if (onBlockDevice) {
                return file.discard(block * Block.SIZE, count * Block.SIZE, true);
            }
            if (!chunks.isKnown()) {
                // Before there are holes: a file that had all of its room would seem to have it still.
                learnWhatIsTaken();
            }
            return chunks.discard(block, count);
        } catch (IOException e) {
            throw failure("cannot give back the room of blocks " + block + " to " + (block + count - 1), e);
        }
    }

    @Override
    public Optional<HostFileSystem> host(long counted) throws HoldfastException {
        requireOpen();
        try {
            return HostFileSystem.below(path, counted * Block.SIZE);
        } catch (IOException e) {
            throw failure("cannot tell how full the file system is", e);
        }
    }

    /**
     * Finds out whether the file has all of its room. Then this class asks for none: some file systems refuse to allocate
     * again what a file has if they are full (XFS). Where the path no longer leads to the file, nobody can tell, and this
     * class asks for room.
     */
    private void learnWhatIsTaken() {
        chunks.known();
        OptionalLong taken;
        try {
            taken = FileSpace.of(path);
        } catch (IOException e) {
            return;
        }
        if (taken.isPresent() && taken.getAsLong() >= blocks * Block.SIZE) {
            chunks.taken(0, blocks);
        }
    }

    @Override
    public void write(long block, SealedBuffer source) throws HoldfastException {
        write(block, source, 0, source.blocks());
    }

    @Override
    public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
        DeviceChecks.requirePart(source.blocks(), from, count);
        try (SealedBuffer.Hold hold = source.hold()) {
            writeAll(block, hold.contents().asSlice((long) from * Block.SIZE, (long) count * Block.SIZE));
        }
    }

    @Override
    public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
        for (Piece piece : pieces) {
            DeviceChecks.requirePart(source.blocks(), piece.from(), piece.count());
            DeviceChecks.requireInside(this, piece.block(), piece.count());
        }
        requireOpen();
        requireWritable();
        requireFlushable();
        try (SealedBuffer.Hold hold = source.hold()) {
            writePieces(hold.contents(), pieces);
        }
    }

    private void writePieces(MemorySegment contents, List<Piece> pieces) throws HoldfastException {
        MemorySegment[] sources = new MemorySegment[pieces.size()];
        long[] positions = new long[sources.length];
        int[] counts = new int[sources.length];
        for (int i = 0; i < sources.length; i++) {
            Piece piece = pieces.get(i);
            sources[i] = contents.asSlice((long) piece.from() * Block.SIZE, (long) piece.count() * Block.SIZE);
            positions[i] = piece.block() * Block.SIZE;
        }
        try {
            file.write(sources, positions, counts);
        } catch (IOException e) {
            throw failure(
                    "cannot write one of %d runs of blocks from block %d on"
                            .formatted(sources.length, pieces.getFirst().block()),
                    e);
        }
        for (int i = 0; i < sources.length; i++) {
            if (counts[i] < sources[i].byteSize()) {
                // A short transfer goes on where it stopped.
                long whole = Math.max(0, counts[i]) / Block.SIZE * (long) Block.SIZE;
                writeAll(pieces.get(i).block() + whole / Block.SIZE, sources[i].asSlice(whole));
            }
        }
    }

    @Override
    public void write(long block, LentBuffer source) throws HoldfastException {
        writeAll(block, source.contents());
    }

    private void writeAll(long block, MemorySegment source) throws HoldfastException {
        DeviceChecks.requireInside(this, block, source.byteSize() / Block.SIZE);
        requireOpen();
        requireWritable();
        requireFlushable();
        long done = 0;
        while (done < source.byteSize()) {
            try {
                long count = Math.min(source.byteSize() - done, TRANSFER_BYTES_MAX);
                int written = file.write(source.asSlice(done, count), block * Block.SIZE + done);
                if (written <= 0) {
                    throw new IOException("the operating system wrote nothing");
                }
                done += progress(written, count);
            } catch (IOException e) {
                throw failure("cannot write block " + (block + done / Block.SIZE), e);
            }
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>{@code fdatasync} is enough, also for blocks written into holes of a sparse file. By POSIX it makes durable
     * the data and all metadata that reading the data needs, so block allocations and a changed size. Only time stamps
     * may be missing. It also makes the device empty its volatile write cache.
     *
     * <p>Only one flush runs at a time. The kernel reports a write-back error once for each open file, to the {@code
     * fsync} that asks first. If two ran at the same time, the other one would report success.
     */
    @Override
    public void flush() throws HoldfastException {
        flush(false);
    }

    private void flush(boolean metadata) throws HoldfastException {
        requireOpen();
        if (!writable) {
            return; // nothing can have been written
        }
        flushLock.lock();
        try {
            requireFlushable();
            try {
                file.force(metadata);
            } catch (IOException e) {
                // Never HOST_FULL, which lets callers try again: the kernel may have dropped what it could not write.
                HoldfastException failure = e instanceof ClosedChannelException
                        ? failure("cannot flush", e)
                        : new HoldfastException(
                                ErrorCode.DEVICE_ERROR, "%s: cannot flush: %s".formatted(path, e.getMessage()), e);
                flushFailure = failure;
                throw failure;
            }
        } finally {
            flushLock.unlock();
        }
    }

    @Override
    public void close() throws HoldfastException {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            VolumeLock.closeWhenReleased(key, file);
        } catch (IOException e) {
            throw failure("cannot close", e);
        }
    }

    /**
     * Returns how many of the bytes count as transferred. With direct I/O a transfer can only go on at the start of a
     * block, so a part of a block does not count and is transferred again.
     */
    private long progress(int transferred, long wanted) throws IOException {
        if (transferred == wanted || !direct) {
            return transferred;
        }
        long whole = transferred / Block.SIZE * (long) Block.SIZE;
        if (whole == 0) {
            throw new EOFException("only %d bytes of the block could be transferred".formatted(transferred));
        }
        return whole;
    }

    private void requireOpen() throws HoldfastException {
        if (closed.get()) {
            throw new HoldfastException(ErrorCode.CLOSED, path + " was closed");
        }
    }

    private void requireWritable() throws HoldfastException {
        if (!writable) {
            throw new HoldfastException(ErrorCode.READ_ONLY, path + " is open for reading only");
        }
    }

    private void requireFlushable() throws HoldfastException {
        HoldfastException first = flushFailure;
        if (first != null) {
            throw new HoldfastException(
                    ErrorCode.FAILED,
                    path + " takes no more writes since a flush failed: " + first.getMessage(),
                    first);
        }
    }

    private HoldfastException failure(String what, IOException cause) {
        if (cause instanceof ClosedChannelException) {
            return new HoldfastException(ErrorCode.CLOSED, path + " was closed", cause);
        }
        if (Reasons.isNoRoom(cause)) {
            return new HoldfastException(
                    ErrorCode.HOST_FULL,
                    "%s: %s: what it lies on is full (%s)".formatted(path, what, cause.getMessage()),
                    cause);
        }
        return new HoldfastException(
                ErrorCode.DEVICE_ERROR, "%s: %s: %s".formatted(path, what, cause.getMessage()), cause);
    }
}
