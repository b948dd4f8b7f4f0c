package io.holdfast.check;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the space map and compares it with what the trees reach. A block that the map has as allocated and that nothing
 * points to is <em>leaked</em>: it loses space and no data. Used by one thread, once.
 */
final class SpaceMapCheck {
    private static final String STRUCTURE = "space map";
    private static final long UNKNOWN = -1;

    private final VolumeState volume;
    private final Superblock superblock;
    private final Findings findings;
    private final BlockSet allocated;
    private final List<Uncharted> uncharted = new ArrayList<>();
    private long counted;

    /**
     * Blocks of which the map cannot be read.
     *
     * @param allocated how many of them are, if that can be read
     */
    private record Uncharted(long first, long end, long allocated) {}

    SpaceMapCheck(VolumeState volume, Superblock superblock, Findings findings, Arena memory) {
        this.volume = volume;
        this.superblock = superblock;
        this.findings = findings;
        this.allocated = new BlockSet(superblock.blocks(), memory);
    }

    void read() throws HoldfastException {
        SpaceMap map = new SpaceMap(
                superblock.layout(),
                volume.device(),
                volume.checksum(),
                (pointer, structure) -> {
                    findings.metadataBlocks++;
                    return volume.nodes().readUncached(pointer, structure);
                },
                volume.nodeBuffers());
        map.load(
                superblock.spaceRoot(),
                superblock.generation(),
                (pointer, first, count, why) -> damaged(pointer, first, count, UNKNOWN, why));
        counted = uncharted.isEmpty() ? map.allocated() : UNKNOWN;
        map.forEachGroup(
                (group, bits) -> allocated.addAll(volume.layout().groupStart(group), bits),
                (pointer, first, count, why) -> {
                    long group = volume.layout().groupOf(first);
                    damaged(pointer, first, count, volume.layout().usable(group) - map.free(group), why);
                });
    }

    private void damaged(BlockPointer pointer, long first, long count, long inUse, HoldfastException why) {
        uncharted.add(new Uncharted(first, first + count, inUse));
        findings.add(STRUCTURE, pointer.block(), String.valueOf(why.getMessage()));
    }

    /** Returns whether a count of allocated blocks is that of the map, whose differences are findings of their own. */
    boolean counts(long blocks) {
        return counted == blocks;
    }

    /**
     * Compares, once all trees are read.
     *
     * @param incomplete blocks may be in use without a known pointer to them
     */
    void compare(BlockSet reachable, boolean incomplete) {
        long hidden = 0;
        long first = reachable.firstDifference(allocated, 0);
        while (first >= 0) {
            boolean used = reachable.contains(first);
            boolean charted = isCharted(first);
            long next = first;
            long last;
            do {
                last = next;
                next = reachable.firstDifference(allocated, last + 1);
            } while (next == last + 1 && reachable.contains(next) == used && isCharted(next) == charted);
            if (charted && !used && incomplete) {
                hidden += last - first + 1;
            } else if (charted) {
                differs(first, last, used);
            }
            first = next;
        }
        if (hidden > 0) {
            findings.add(
                    STRUCTURE,
                    -1,
                    "%d blocks are marked in use and nothing that could be read points to them".formatted(hidden));
        }
        if (!incomplete) {
            uncharted.forEach(range -> compareCount(range, reachable));
        }
    }

    private void differs(long first, long last, boolean used) {
        boolean one = first == last;
        String which = one ? "block %d is".formatted(first) : "blocks %d to %d are".formatted(first, last);
        findings.add(
                STRUCTURE,
                first,
                which
                        + (used
                                ? " in use and marked free"
                                : " marked in use and nothing points there: leaked, %s cannot be written to, and no data is lost"
                                        .formatted(one ? "it" : "they")));
    }

    private boolean isCharted(long block) {
        return uncharted.stream().noneMatch(range -> block >= range.first && block < range.end);
    }

    private void compareCount(Uncharted range, BlockSet reachable) {
        if (range.allocated == UNKNOWN) {
            return;
        }
        long used = reachable.count(range.first, range.end);
        if (used < range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    "%d of the blocks %d to %d are marked in use and nothing points there: leaked, they cannot be written to, and no data is lost"
                            .formatted(range.allocated - used, range.first, range.end - 1));
        } else if (used > range.allocated) {
            findings.add(
                    STRUCTURE,
                    -1,
                    "%d of the blocks %d to %d are in use and marked free"
                            .formatted(used - range.allocated, range.first, range.end - 1));
        }
    }
}
