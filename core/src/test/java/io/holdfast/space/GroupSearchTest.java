package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.holdfast.format.Layout;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How the allocator looks for free blocks in the groups that are in memory. */
class GroupSearchTest {
    private static final Layout LAYOUT = new Layout(100_000);

    private static GroupAllocator loaded(Layout layout) {
        Bitmaps bitmaps = Bitmaps.allFree(layout);
        GroupAllocator groups = new GroupAllocator(layout, bitmaps, 100);
        for (long group = 0; group < layout.groups(); group++) {
            assertThat(groups.load(group, GroupBits.fixed(layout, group))).isTrue();
        }
        return groups;
    }

    private static GroupAllocator everySecondFree() {
        GroupAllocator groups = loaded(LAYOUT);
        for (long block = 0; block < LAYOUT.blocks(); block += 2) {
            if (LAYOUT.isAllocatable(block)) {
                groups.setBusy(block);
            }
        }
        return groups;
    }

    @Test
    void scatteredBlocksAreAllHandedOut() {
        GroupAllocator groups = everySecondFree();
        for (long left = groups.free(); left > 0; left--) {
            Run run = Objects.requireNonNull(groups.take(1024));
            assertThat(run.start() % 2).isEqualTo(1);
            assertThat(run.length()).isEqualTo(1);
        }
        assertThat(groups.free()).isZero();
        assertThat(groups.take(1024)).isNull();
    }

    @Test
    void aLongRunNearIsTakenBeforeShortOnes() {
        GroupAllocator groups = everySecondFree();
        for (int block = 400; block < 440; block += 2) {
            groups.setFree(block);
        }
        assertThat(groups.take(1024)).isEqualTo(new Run(399, 440));
    }

    @Test
    void blocksThatAreFarAreFoundIfNoneIsNear() {
        GroupAllocator groups = loaded(LAYOUT);
        for (long block = 0; block < LAYOUT.blocks() - 1; block++) {
            if (LAYOUT.isAllocatable(block)) {
                groups.setBusy(block);
            }
        }
        assertThat(groups.take(16)).isEqualTo(new Run(LAYOUT.blocks() - 1, LAYOUT.blocks()));
    }

    @Test
    void noRunCrossesAGroup() {
        GroupAllocator groups = loaded(LAYOUT);
        for (Run run = groups.take(1000); run != null; run = groups.take(1000)) {
            assertThat(LAYOUT.groupOf(run.start())).isEqualTo(LAYOUT.groupOf(run.end() - 1));
        }
        assertThat(groups.free()).isZero();
    }

    @Test
    void takesTheLongestRunWhereAllIsNear() {
        Random random = new Random(4);
        for (int round = 0; round < 100; round++) {
            Layout layout = new Layout(4096 + random.nextInt(4000));
            GroupAllocator groups = loaded(layout);
            boolean[] busy = new boolean[(int) layout.blocks()];
            int oneIn = 1 + random.nextInt(40);
            for (int block = 0; block < busy.length; block++) {
                busy[block] = !layout.isAllocatable(block);
                if (!busy[block] && random.nextInt(oneIn) == 0) {
                    groups.setBusy(block);
                    busy[block] = true;
                }
            }
            while (true) {
                int wanted = 1 + random.nextInt(150);
                Run run = groups.take(wanted);
                assertEquals(Math.min(wanted, longestRun(busy)), run == null ? 0 : run.length());
                if (run == null) {
                    break;
                }
                for (int block = (int) run.start(); block < run.end(); block++) {
                    assertFalse(busy[block]);
                    busy[block] = true;
                }
            }
        }
    }

    /** The longest run of clear bits, which descriptors have. */
    @Test
    void knowsTheLongestRun() {
        Random random = new Random(6);
        for (int round = 0; round < 2000; round++) {
            long[] bits = new long[4];
            boolean[] busy = new boolean[256];
            int oneIn = 1 + random.nextInt(100);
            for (int i = 0; i < busy.length; i++) {
                busy[i] = random.nextInt(oneIn) == 0;
                if (busy[i]) {
                    GroupBits.set(bits, i, i + 1);
                }
            }
            assertEquals(longestRun(busy), GroupBits.longestRun(bits));
        }
    }

    private static int longestRun(boolean[] busy) {
        int longest = 0;
        int run = 0;
        for (boolean b : busy) {
            run = b ? 0 : run + 1;
            longest = Math.max(longest, run);
        }
        return longest;
    }
}
