package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.Change;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.Folder;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/**
 * One user of the volume: opens files, makes random calls on them, and compares the results with the model. It owns one
 * directory and shares another with all clients.
 */
public final class Client implements Runnable {
    private static final int HANDLES_MAX = 4;
    private static final int NAMES = 4;
    private static final int BLOCK = 4096;
    private static final int CELL = FileModel.CELL;

    private final World world;
    private final String name;
    private final Folder own;
    private final SplittableRandom random;
    private final MemorySegment memory;
    private final List<Handle> handles = new ArrayList<>();
    /**
     * Decides which files are opened as disks. It is a stream of its own, so that scenarios without disks run as
     * before.
     */
    private final SplittableRandom disks;

    public Client(World world, int number) {
        this.world = world;
        this.name = "c" + number;
        this.own = world.folders.get(number + 1);
        this.random = world.scenario.random("client " + number);
        this.disks = world.scenario.random("disks of client " + number);
        this.memory = Arena.ofAuto().allocate((world.scenario.fileBlocks() + 1L) * BLOCK, BLOCK);
    }

    public String name() {
        return name;
    }

    /** Forgets all handles, because the volume was closed. */
    public void forget() {
        handles.clear();
    }

    /** Makes calls until the phase is over. */
    @Override
    public void run() {
        while (world.takeOperation()) {
            if (random.nextInt(world.mix.pauseOneIn) == 0) {
                world.scheduler.sleep(random.nextInt(3_000_000));
            }
            try {
                operation();
            } catch (HoldfastException e) {
                world.expect(e, false, name);
            }
            world.progress();
        }
    }

    /** Closes all handles while the volume is open. */
    public void closeAll() {
        handles.forEach(handle -> handle.file().close());
        handles.clear();
    }

    private void operation() throws HoldfastException {
        if (handles.isEmpty() || (handles.size() < HANDLES_MAX && random.nextInt(12) == 0)) {
            open();
            return;
        }
        Handle handle = handles.get(random.nextInt(handles.size()));
        switch (world.mix.next(random)) {
            case WRITE -> write(handle);
            case READ -> read(handle);
            case FLUSH -> flush(handle);
            case PUNCH -> zero(handle, true);
            case ZERO -> zero(handle, false);
            case ALLOCATE -> allocate(handle);
            case TRUNCATE -> {
                if (!handle.disk()) {
                    truncate(handle);
                }
            }
            case MAP -> map(handle);
            case SYNC -> sync();
            case CHECKPOINT -> checkpoint();
            case CLOSE -> close(handle);
            case REPLACE -> replaceShared();
            case NAMESPACE -> namespace();
        }
    }

    private void close(Handle handle) {
        handles.remove(handle);
        log("close", handle.model().label());
        handle.file().close();
    }

    private void log(String kind, String what) {
        world.trace.event(world.scheduler.nanoTime(), kind, what.hashCode(), 0, () -> what);
    }

    // ---- opening ----

    private void open() throws HoldfastException {
        Folder folder = world.mix.sharedOnly || random.nextInt(3) > 0 ? world.shared : own;
        if (folder == world.shared) {
            world.sharedLock.lock();
            try {
                openIn(folder);
            } finally {
                world.sharedLock.unlock();
            }
        } else {
            openIn(folder);
        }
    }

    private void openIn(Folder folder) throws HoldfastException {
        List<Map.Entry<String, Folder.Node>> found = folder.names().entrySet().stream()
                .filter(entry -> !entry.getValue().isDirectory())
                .toList();
        if (found.isEmpty()) {
            create(folder, "n" + random.nextInt(NAMES));
            return;
        }
        Map.Entry<String, Folder.Node> chosen = found.get(random.nextInt(found.size()));
        FileModel model = chosen.getValue().file();
        String path = folder.pathOf(chosen.getKey());
        log("open", path);
        boolean disk = world.mix.disks && disks.nextBoolean();
        StoredFile file = disk ? world.volume().openDisk(path) : world.volume().open(path);
        if (model == null || file.inode() != model.inode()) {
            throw new ViolationException("%s leads to inode %d".formatted(path, file.inode()));
        }
        handles.add(Handle.of(file, model, disk));
    }

    /** Creates a file under a free name. */
    private void create(Folder folder, String chosen) throws HoldfastException {
        if (folder.names().containsKey(chosen)) {
            return;
        }
        boolean checksummed = random.nextInt(3) > 0;
        long size = random.nextBoolean() ? 0 : (long) CELL * random.nextInt(world.scenario.fileBlocks() * 8 + 1);
        String path = folder.pathOf(chosen);
        FileModel model = world.newFile(path, checksummed, size);
        log("create", path + " of " + size + (checksummed ? "" : " without checksums"));
        folder.begin(names -> names.put(chosen, new Folder.Node(model)));
        CreateOptions options = CreateOptions.file().withSize(size);
        StoredFile file;
        try {
            file = world.volume().create(path, checksummed ? options : options.withoutChecksum());
        } catch (HoldfastException e) {
            refusedUnlessOver(folder);
            throw e;
        }
        model.setInode(file.inode());
        folder.done();
        if (handles.size() < HANDLES_MAX) {
            handles.add(Handle.of(file, model, false));
        } else {
            file.close();
        }
    }

    /**
     * Records a failed call as refused, which changed nothing; unless the device failed, for then its change may be in
     * the log.
     */
    private void refusedUnlessOver(Folder folder) {
        if (!world.isOver()) {
            folder.refused();
        }
    }

    // ---- content ----

    private long offset(boolean anyByte) {
        int blocks = world.scenario.fileBlocks();
        long block = (long) random.nextInt(blocks) * BLOCK;
        return switch (random.nextInt(4)) {
            case 0 -> block + (anyByte ? random.nextInt(BLOCK) : (long) random.nextInt(8) * CELL);
            default -> block;
        };
    }

    private long length(long offset) {
        long max = (long) world.scenario.fileBlocks() * BLOCK - offset;
        long length = switch (random.nextInt(8)) {
            case 0 -> world.scenario.growing() ? BLOCK : (1L + random.nextInt(8)) * CELL;
            case 1 -> (1L + random.nextInt(world.scenario.fileBlocks())) * BLOCK;
            case 2, 3 -> (1L + random.nextInt(4)) * BLOCK;
            default -> BLOCK;
        };
        return Math.max(CELL, Math.min(length, max) / CELL * CELL);
    }

    /** Returns an offset to write to: often the end, so that files grow while others flush them. */
    private long writeOffset(Handle handle) {
        // A write that grows the file from within a block keeps all others out; one that grows it at a block's end does
        // not.
        long unit = world.scenario.growing() ? BLOCK : CELL;
        long end = (handle.file().size() + unit - 1) / unit * unit;
        boolean append = random.nextInt(world.mix.appendOneIn) == 0 && end < world.scenario.fileBlocks() * 4096L;
        return append ? end : offset(false);
    }

    private void write(Handle handle) throws HoldfastException {
        long offset = writeOffset(handle);
        long length = length(offset);
        FileModel model = handle.model();
        Set<WriteFlag> flags = EnumSet.noneOf(WriteFlag.class);
        if (random.nextInt(world.mix.directOneIn) == 0) {
            flags.add(WriteFlag.DIRECT);
        }
        if (random.nextInt(6) == 0) {
            flags.add(WriteFlag.NOWAIT);
        } else if (random.nextInt(6) == 0) {
            flags.add(WriteFlag.FUA);
        }
        if (world.mix.together
                && flags.isEmpty()
                && offset % BLOCK == 0
                && length % BLOCK == 0
                && (offset + length) / BLOCK % 3 == 0) {
            writeTogether(handle, offset, length);
            return;
        }
        boolean nowait = flags.contains(WriteFlag.NOWAIT);
        MemorySegment source = random.nextInt(8) == 0
                ? MemorySegment.ofArray(new long[(int) (length / 8)])
                : memory.asSlice(0, length);
        int id = world.nextChange();
        for (long at = 0; at < length; at += 8) {
            source.set(ValueLayout.JAVA_LONG_UNALIGNED, at, Change.word(id, 0));
        }
        log("write", "#%d %s %d +%d %s".formatted(id, model.label(), offset, length, flags));
        long started = beginSize(handle, offset + length);
        Change change = model.begin(id, false, offset, offset + length);
        try (Scribbler _ = scribbler(source, id)) {
            handle.file().write(offset, source, flags);
            requireWithin(handle, offset + length, false, started);
            model.done(change, flags.contains(WriteFlag.FUA));
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.WOULD_BLOCK && nowait) {
                model.refused(change);
            } else {
                model.failed(change);
            }
            expect(e, handle, offset + length, nowait, started);
        } finally {
            endSize(handle, started);
        }
        log("written", "#" + id);
    }

    /** Begins a write that may extend the file to {@code end}, unless the file is opened as a disk. */
    private long beginSize(Handle handle, long end) {
        if (!handle.disk()) {
            handle.model().size().begin(end, false);
        }
        return begin(handle);
    }

    private void endSize(Handle handle, long started) {
        end(handle, started);
        if (!handle.disk()) {
            handle.model().size().end(handle.file().size(), handle.model().label());
        }
    }

    /** If the file is opened as a disk, lets the model keep the sizes that it has from now on. */
    private static long begin(Handle handle) {
        return handle.disk() ? handle.model().readBegins() : 0;
    }

    private static void end(Handle handle, long started) {
        if (handle.disk()) {
            handle.model().readEnded(started);
        }
    }

    private void requireWithin(Handle handle, long end, boolean refused, long started) {
        if (handle.disk()) {
            handle.model()
                    .size()
                    .requireWithin(end, refused, started, handle.model().label());
        }
    }

    private void expect(HoldfastException e, Handle handle, long end, boolean nowait, long started) {
        if (e.code() == ErrorCode.BEYOND_END && handle.disk()) {
            requireWithin(handle, end, true, started);
        } else {
            world.expect(e, nowait, "change of " + handle.model().label());
        }
    }

    /** Writes scattered whole blocks, in any order, in one call. */
    private void writeTogether(Handle handle, long first, long length) throws HoldfastException {
        FileModel model = handle.model();
        List<WritePiece> pieces = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        List<Scribbler> scribblers = new ArrayList<>();
        long fileEnd = (long) world.scenario.fileBlocks() * BLOCK;
        long end = first;
        for (long at = first; at == first || (at + length <= fileEnd && pieces.size() < 3); ) {
            MemorySegment source = memory.asSlice(at - first, length);
            int id = world.nextChange();
            for (long word = 0; word < length; word += 8) {
                source.set(ValueLayout.JAVA_LONG_UNALIGNED, word, Change.word(id, 0));
            }
            log("write", "#%d %s %d +%d together".formatted(id, model.label(), at, length));
            pieces.add(random.nextInt(pieces.size() + 1), new WritePiece(at, source));
            changes.add(model.begin(id, false, at, at + length));
            scribblers.add(scribbler(source, id));
            end = at + length;
            at = end + (long) random.nextInt(3) * BLOCK;
        }
        long started = beginSize(handle, end);
        try {
            if (handle.file().writeTogether(pieces)) {
                requireWithin(handle, end, false, started);
                changes.forEach(change -> model.done(change, false));
            } else {
                changes.forEach(model::refused);
            }
        } catch (HoldfastException e) {
            changes.forEach(model::failed);
            expect(e, handle, end, false, started);
        } finally {
            scribblers.forEach(Scribbler::close);
            endSize(handle, started);
        }
    }

    private Scribbler scribbler(MemorySegment source, int id) {
        Scribbler scribbler = new Scribbler(world.scheduler, source, id, random.split());
        return random.nextInt(world.mix.scribbleOneIn) > 0 ? scribbler : scribbler.start();
    }

    private void read(Handle handle) {
        long offset = offset(true);
        long length = Math.min(
                length(offset) + (random.nextBoolean() ? 100 : 0), world.scenario.fileBlocks() * 4096L - offset);
        FileModel model = handle.model();
        Set<ReadFlag> flags = EnumSet.noneOf(ReadFlag.class);
        if (random.nextInt(3) == 0) {
            flags.add(ReadFlag.DIRECT);
        }
        if (random.nextInt(8) == 0) {
            flags.add(ReadFlag.NOWAIT);
        }
        boolean queued = random.nextInt(3) == 0;
        boolean scribbled = !queued && random.nextInt(4) == 0;
        MemorySegment target = memory.asSlice(0, length);
        log("read", "%s %d +%d %s".formatted(model.label(), offset, length, flags));
        long started = model.readBegins();
        try {
            if (!queued || !readQueued(handle, offset, target, started)) {
                read(handle, offset, target, flags, scribbled, started);
            }
        } finally {
            model.readEnded(started);
        }
    }

    /** Reads through a queue; returns false if the queue did not read. */
    private boolean readQueued(Handle handle, long offset, MemorySegment target, long started) {
        CompletableFuture<Boolean> end = new CompletableFuture<>();
        ReadQueue.Answer answer = handle.queue().read(offset, target, end::complete);
        boolean read = switch (answer) {
            case READ -> true;
            case STARTED -> end.join();
            case REFUSED -> false;
        };
        FileModel model = handle.model();
        log("queued", model.label() + " " + answer + " " + read);
        if (!read) {
            return false;
        }
        long length = target.byteSize();
        model.size().requireRead(offset, length, length, started, model.label());
        if (world.isVerifiable(model)) {
            model.verify(target, offset, length, started);
        }
        return true;
    }

    private void read(
            Handle handle, long offset, MemorySegment target, Set<ReadFlag> flags, boolean scribbled, long started) {
        FileModel model = handle.model();
        long length = target.byteSize();
        long n;
        try (Scribbler scribbler = new Scribbler(world.scheduler, target, 1, random.split())) {
            if (scribbled && length >= 8) {
                scribbler.start();
            }
            n = handle.file().read(offset, target, flags);
        } catch (HoldfastException e) {
            world.expect(e, flags.contains(ReadFlag.NOWAIT), "read of " + model.label());
            return;
        }
        model.size().requireRead(offset, length, n, started, model.label());
        if (!scribbled && world.isVerifiable(model)) {
            model.verify(target, offset, n, started);
        }
    }

    private void flush(Handle handle) throws HoldfastException {
        long start = world.ticks.next();
        log("flush", handle.model().label());
        handle.file().flush();
        world.flushed(handle.model(), start);
        log("flushed", handle.model().label());
    }

    private void zero(Handle handle, boolean punch) throws HoldfastException {
        long offset = offset(false);
        long length = length(offset);
        FileModel model = handle.model();
        int id = world.nextChange();
        log(punch ? "punch" : "zero", "#%d %s %d +%d".formatted(id, model.label(), offset, length));
        long started = begin(handle);
        Change change = model.begin(id, true, offset, offset + length);
        try {
            if (punch) {
                handle.file().punch(offset, length);
            } else {
                handle.file().zero(offset, length);
            }
            requireWithin(handle, offset + length, false, started);
            model.done(change, false);
        } catch (HoldfastException e) {
            model.failed(change);
            expect(e, handle, offset + length, false, started);
        } finally {
            end(handle, started);
        }
    }

    private void allocate(Handle handle) throws HoldfastException {
        long offset = offset(false);
        long length = length(offset);
        log("allocate", "%s %d +%d".formatted(handle.model().label(), offset, length));
        long started = begin(handle);
        try {
            handle.file().allocate(offset, length);
        } catch (HoldfastException e) {
            expect(e, handle, offset + length, false, started);
        } finally {
            end(handle, started);
        }
    }

    private void truncate(Handle handle) throws HoldfastException {
        long size = random.nextBoolean() ? 0 : offset(false);
        FileModel model = handle.model();
        int id = world.nextChange();
        log("truncate", "#%d %s to %d".formatted(id, model.label(), size));
        model.size().begin(size, true);
        Change change = model.begin(id, true, size, Long.MAX_VALUE);
        try {
            handle.file().truncate(size);
            model.done(change, false);
        } catch (HoldfastException e) {
            model.failed(change);
            throw e;
        } finally {
            model.size().end(handle.file().size(), model.label());
        }
    }

    private void map(Handle handle) throws HoldfastException {
        log("map", handle.model().label());
        long at = 0;
        for (Extent extent : handle.file().map(0, world.scenario.fileBlocks() * 4096L, 1000)) {
            if (extent.offset() != at || extent.length() < 1) {
                throw new ViolationException("%s: an extent at %d follows %d"
                        .formatted(handle.model().label(), extent.offset(), at));
            }
            at += extent.length();
        }
    }

    private void sync() throws HoldfastException {
        long start = world.ticks.next();
        log("sync", "");
        world.volume().sync();
        world.synced(start);
    }

    private void checkpoint() throws HoldfastException {
        long start = world.ticks.next();
        log("checkpoint", "");
        world.volume().checkpoint();
        world.synced(start);
    }

    // ---- names ----

    /** Removes a file that others may have open, and creates a new one under its name. */
    private void replaceShared() throws HoldfastException {
        world.sharedLock.lock();
        try {
            List<String> names = List.copyOf(world.shared.names().keySet());
            if (!names.isEmpty()) {
                String chosen = names.get(random.nextInt(names.size()));
                remove(world.shared, chosen);
                create(world.shared, chosen);
            }
        } finally {
            world.sharedLock.unlock();
        }
    }

    private void remove(Folder folder, String chosen) throws HoldfastException {
        log("remove", folder.pathOf(chosen));
        folder.begin(names -> names.remove(chosen));
        change(folder, () -> world.volume().remove(folder.pathOf(chosen)));
    }

    private interface Call {
        void run() throws HoldfastException;
    }

    private void change(Folder folder, Call call) throws HoldfastException {
        try {
            call.run();
        } catch (HoldfastException e) {
            refusedUnlessOver(folder);
            throw e;
        }
        folder.done();
    }

    private void namespace() throws HoldfastException {
        String a = "n" + random.nextInt(NAMES);
        String b = "n" + random.nextInt(NAMES);
        Folder.Node nodeA = own.names().get(a);
        Folder.Node nodeB = own.names().get(b);
        switch (random.nextInt(6)) {
            case 0 -> create(own, a);
            case 1 -> {
                if (nodeA == null) {
                    log("mkdir", own.pathOf(a));
                    own.begin(names -> names.put(a, new Folder.Node(null)));
                    change(own, () -> world.volume().mkdir(own.pathOf(a), CreateOptions.directory()));
                }
            }
            case 2 -> {
                if (nodeA != null) {
                    remove(own, a);
                }
            }
            case 3 -> {
                if (nodeA != null && !nodeA.isDirectory() && nodeB == null) {
                    log("link", own.pathOf(a) + " " + b);
                    own.begin(names -> names.put(b, nodeA));
                    change(own, () -> world.volume().link(own.pathOf(a), own.pathOf(b)));
                }
            }
            default -> {
                if (nodeA != null && (nodeB == null || nodeA.isDirectory() == nodeB.isDirectory()) && !a.equals(b)) {
                    log("rename", own.pathOf(a) + " " + b);
                    boolean sameFile = nodeB != null && !nodeA.isDirectory() && nodeA.file() == nodeB.file();
                    own.begin(names -> {
                        if (!sameFile) {
                            names.remove(a);
                            names.put(b, nodeA);
                        }
                    });
                    change(own, () -> world.volume().rename(own.pathOf(a), own.pathOf(b)));
                }
            }
        }
    }
}
