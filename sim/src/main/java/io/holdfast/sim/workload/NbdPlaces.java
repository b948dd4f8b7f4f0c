package io.holdfast.sim.workload;

import io.holdfast.sim.model.FileModel;
import java.util.ArrayDeque;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Where the requests of an NBD client go: whole blocks, or a part of one block. Often where the client has changed something
 * lately, even through a connection that is gone by now.
 */
final class NbdPlaces {
    private static final int BLOCK = 4096;
    private static final int CELL = FileModel.CELL;
    private static final int RECENT_MAX = 4;

    private final SplittableRandom random;
    private final int blocks;
    private final ArrayDeque<Place> recent = new ArrayDeque<>();

    /** A range of bytes. */
    record Place(long offset, int length) {}

    NbdPlaces(SplittableRandom random, int blocks) {
        this.random = random;
        this.blocks = blocks;
    }

    int blocks() {
        return blocks;
    }

    /** Returns whole blocks. */
    Place whole(int blocksMax) {
        int first = random.nextInt(blocks);
        int count = 1 + random.nextInt(Math.min(blocksMax, blocks - first));
        return new Place((long) first * BLOCK, count * BLOCK);
    }

    /** Returns whole blocks, or some cells of one block. */
    Place toChange(int blocksMax) {
        Place place = whole(blocksMax);
        if (!recent.isEmpty() && random.nextBoolean()) {
            Place again = List.copyOf(recent).get(random.nextInt(recent.size()));
            place = again.length() <= blocksMax * BLOCK ? again : place;
        } else if (random.nextInt(4) == 0) {
            int cell = random.nextInt(BLOCK / CELL);
            int cells = 1 + random.nextInt(BLOCK / CELL - cell);
            place = new Place(place.offset() + (long) cell * CELL, cells * CELL);
        }
        recent.addLast(place);
        if (recent.size() > RECENT_MAX) {
            recent.removeFirst();
        }
        return place;
    }

    /** Returns whole blocks, or up to a block of any bytes. */
    Place toRead(int blocksMax) {
        Place place = whole(blocksMax);
        if (random.nextInt(4) == 0) {
            int skipped = random.nextInt(BLOCK);
            long left = (long) blocks * BLOCK - place.offset() - skipped;
            place = new Place(place.offset() + skipped, 1 + random.nextInt((int) Math.min(BLOCK, left)));
        }
        return place;
    }
}
