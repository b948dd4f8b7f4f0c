package io.holdfast.sim.workload;

import io.holdfast.sim.model.FileModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * What a client draws for its calls on files: places, lengths, and the threads that change its buffers meanwhile. All
 * calls of a client draw from one random stream.
 */
final class Draws {
    static final int BLOCK = 4096;
    static final int CELL = FileModel.CELL;

    final SplittableRandom random;
    /** As large as the largest file, and a block. */
    final MemorySegment memory;

    private final World world;

    Draws(World world, SplittableRandom random) {
        this.world = world;
        this.random = random;
        this.memory = Arena.ofAuto().allocate((world.scenario.fileBlocks() + 1L) * BLOCK, BLOCK);
    }

    long offset(boolean anyByte) {
        int blocks = world.scenario.fileBlocks();
        long block = (long) random.nextInt(blocks) * BLOCK;
        return switch (random.nextInt(4)) {
            case 0 -> block + (anyByte ? random.nextInt(BLOCK) : (long) random.nextInt(8) * CELL);
            default -> block;
        };
    }

    long length(long offset) {
        long max = (long) world.scenario.fileBlocks() * BLOCK - offset;
        long length = switch (random.nextInt(8)) {
            case 0 -> world.scenario.growing() ? BLOCK : (1L + random.nextInt(8)) * CELL;
            case 1 -> (1L + random.nextInt(world.scenario.fileBlocks())) * BLOCK;
            case 2, 3 -> (1L + random.nextInt(4)) * BLOCK;
            default -> BLOCK;
        };
        return Math.max(CELL, Math.min(length, max) / CELL * CELL);
    }

    /** Returns something that changes {@code buffer} while a call runs, or in some calls does nothing. */
    Scribbler scribbler(MemorySegment source, int id) {
        Scribbler scribbler = new Scribbler(world.scheduler, source, id, random.split());
        return random.nextInt(world.mix.scribbleOneIn) > 0 ? scribbler : scribbler.start();
    }
}
