package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.Extent;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.ReadQueue;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** Calls that read a file, each compared with the model. */
final class ReadCalls {
    private final World world;
    private final Draws draws;
    private final SplittableRandom random;

    ReadCalls(World world, Draws draws) {
        this.world = world;
        this.draws = draws;
        this.random = draws.random;
    }

    void read(Handle handle) {
        long offset = draws.offset(true);
        long length = Math.min(
                draws.length(offset) + (random.nextBoolean() ? 100 : 0), world.scenario.fileBlocks() * 4096L - offset);
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
        MemorySegment target = draws.memory.asSlice(0, length);
        world.log("read", "%s %d +%d %s".formatted(model.label(), offset, length, flags));
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
        world.log("queued", model.label() + " " + answer + " " + read);
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

    void map(Handle handle) throws HoldfastException {
        world.log("map", handle.model().label());
        long at = 0;
        for (Extent extent : handle.file().map(0, world.scenario.fileBlocks() * 4096L, 1000)) {
            if (extent.offset() != at || extent.length() < 1) {
                throw new ViolationException("%s: an extent at %d follows %d"
                        .formatted(handle.model().label(), extent.offset(), at));
            }
            at += extent.length();
        }
    }
}
