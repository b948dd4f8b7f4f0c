package io.holdfast.check;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The blocks that the trees reach in groups whose bitmaps are right, of a volume in which nothing changes: those that the bitmaps have. Reads a bitmap when it is
 * asked for, and keeps a few. Used by one thread.
 */
final class CleanGroups {
    /** Bitmaps in memory, 4 KiB each: a log lies in a few groups at a time. */
    private static final int KEPT = 16;

    private final CheckState check;
    private final Map<Long, long[]> bitmaps = new LinkedHashMap<>(KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, long[]> eldest) {
            return size() > KEPT;
        }
    };

    CleanGroups(CheckState check) {
        this.check = check;
    }

    /** Returns whether the trees use a block of a group whose bitmap was compared and is right. */
    boolean reaches(long block) {
        long group = check.layout.groupOf(block);
        long[] bits = bitmaps.computeIfAbsent(group, this::read);
        int index = (int) (block - check.layout.groupStart(group));
        return (bits[index >>> 6] >>> index & 1) != 0;
    }

    private long[] read(long group) {
        Superblock superblock = check.source.superblock();
        SpaceMap map = new SpaceMap(
                check.layout,
                check.direct.device(),
                check.direct.checksum(),
                check.volume.nodes()::readUncached,
                check.direct.nodeBuffers());
        try {
            map.load(
                    superblock.spaceRoot(), superblock.generation(), group, group + 1, (pointer, first, count, why) -> {
                        throw why;
                    });
            return map.read(group);
        } catch (HoldfastException e) {
            // It could be read before. What cannot be read is no proof of damage.
            check.findings.add("space map", -1, CheckState.NO_FILE, String.valueOf(e.getMessage()));
            return new long[Math.max(1, check.layout.groupBlocks() / Long.SIZE)];
        }
    }
}
