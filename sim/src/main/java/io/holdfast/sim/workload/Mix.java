package io.holdfast.sim.workload;

import io.holdfast.sim.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The calls that the clients of one scenario make, and their frequency. Every scenario leaves some out and favours
 * others; that finds more than making all calls equally often («Swarm Testing», ISSTA 2012).
 */
final class Mix {
    /** The kinds of calls, each with its usual frequency. */
    enum Kind {
        WRITE(13),
        READ(8),
        FLUSH(3),
        PUNCH(2),
        ZERO(2),
        ALLOCATE(1),
        TRUNCATE(2),
        MAP(1),
        SYNC(1),
        CHECKPOINT(1),
        CLOSE(1),
        REPLACE(1),
        NAMESPACE(4);

        final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    private final List<Kind> drawn = new ArrayList<>();
    final boolean sharedOnly;
    final int directOneIn;
    final int appendOneIn;
    final int scribbleOneIn;
    final int pauseOneIn;
    /** Whether some writes are handed over together in one call. */
    final boolean together;
    /** Whether some files are opened as disks, so that writes race with a size that others change. */
    final boolean disks;
    /** Whether some calls on names go by inode number and not by path. */
    final boolean numbers;

    Mix(Scenario scenario) {
        SplittableRandom random = scenario.random("mix");
        for (Kind kind : Kind.values()) {
            int factor = kind == Kind.WRITE || kind == Kind.READ ? 1 + random.nextInt(3) : random.nextInt(4);
            for (int i = 0; i < kind.weight * factor; i++) {
                drawn.add(kind);
            }
        }
        boolean growth = scenario.growing();
        if (growth) {
            drawn.clear();
            drawn.addAll(List.of(Kind.WRITE, Kind.WRITE, Kind.WRITE, Kind.WRITE, Kind.WRITE, Kind.WRITE));
            drawn.addAll(List.of(Kind.FLUSH, Kind.FLUSH, Kind.FLUSH, Kind.READ, Kind.TRUNCATE, Kind.NAMESPACE));
        }
        sharedOnly = growth || random.nextBoolean();
        directOneIn = 1 + random.nextInt(4);
        appendOneIn = growth ? 1 : 2 + random.nextInt(20);
        scribbleOneIn = 1 + random.nextInt(3);
        pauseOneIn = 4 + random.nextInt(40);
        together = scenario.random("together").nextBoolean();
        numbers = scenario.random("numbers").nextInt(3) == 0;
        disks = scenario.random("disks").nextInt(4) == 0;
    }

    Kind next(SplittableRandom random) {
        return drawn.get(random.nextInt(drawn.size()));
    }
}
