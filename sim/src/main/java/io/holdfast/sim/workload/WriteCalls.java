package io.holdfast.sim.workload;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.Change;
import io.holdfast.sim.model.FileModel;
import io.holdfast.volume.WriteFlag;
import io.holdfast.volume.WritePiece;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Calls that change the content or the size of a file, each compared with the model. */
final class WriteCalls {
    private static final int BLOCK = Draws.BLOCK;
    private static final int CELL = Draws.CELL;

    private final World world;
    private final Draws draws;
    private final SplittableRandom random;
    private final MemorySegment memory;

    WriteCalls(World world, Draws draws) {
        this.world = world;
        this.draws = draws;
        this.random = draws.random;
        this.memory = draws.memory;
    }

    void write(Handle handle) throws HoldfastException {
        long offset = writeOffset(handle);
        long length = draws.length(offset);
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
        world.log("write", "#%d %s %d +%d %s".formatted(id, model.label(), offset, length, flags));
        long started = beginSize(handle, offset + length);
        Change change = model.begin(id, false, offset, offset + length);
        try (Scribbler _ = draws.scribbler(source, id)) {
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
        world.log("written", "#" + id);
    }

    /** Returns an offset to write to: often the end, so that files grow while others flush them. */
    private long writeOffset(Handle handle) {
        // A write that grows the file from within a block keeps all others out; one that grows it at a block's end does
        // not.
        long unit = world.scenario.growing() ? BLOCK : CELL;
        long end = (handle.file().size() + unit - 1) / unit * unit;
        boolean append = random.nextInt(world.mix.appendOneIn) == 0 && end < world.scenario.fileBlocks() * 4096L;
        return append ? end : draws.offset(false);
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
            world.log("write", "#%d %s %d +%d together".formatted(id, model.label(), at, length));
            pieces.add(random.nextInt(pieces.size() + 1), new WritePiece(at, source));
            changes.add(model.begin(id, false, at, at + length));
            scribblers.add(draws.scribbler(source, id));
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

    void zero(Handle handle, boolean punch) throws HoldfastException {
        long offset = draws.offset(false);
        long length = draws.length(offset);
        FileModel model = handle.model();
        int id = world.nextChange();
        world.log(punch ? "punch" : "zero", "#%d %s %d +%d".formatted(id, model.label(), offset, length));
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

    void allocate(Handle handle) throws HoldfastException {
        long offset = draws.offset(false);
        long length = draws.length(offset);
        world.log("allocate", "%s %d +%d".formatted(handle.model().label(), offset, length));
        long started = begin(handle);
        try {
            handle.file().allocate(offset, length);
        } catch (HoldfastException e) {
            expect(e, handle, offset + length, false, started);
        } finally {
            end(handle, started);
        }
    }

    void truncate(Handle handle) throws HoldfastException {
        long size = random.nextBoolean() ? 0 : draws.offset(false);
        FileModel model = handle.model();
        int id = world.nextChange();
        world.log("truncate", "#%d %s to %d".formatted(id, model.label(), size));
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
}
