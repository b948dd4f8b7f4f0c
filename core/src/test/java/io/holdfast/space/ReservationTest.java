package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.format.Layout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A promised block ends in one way: used, settled, or given back. */
class ReservationTest {
    private static final int BLOCKS = 4096;

    private final SpaceManager space = new SpaceManager(new Layout(BLOCKS));
    private final SpaceReserver reserver = new SpaceReserver(space, "v");

    private Reservation reserve(long blocks) throws Exception {
        return reserver.reserve(blocks, SpacePurpose.WRITE, false);
    }

    private long reserved() {
        return space.counts().reserved();
    }

    @Test
    void whatIsLeftIsGivenBackOnce() throws Exception {
        Reservation whole = reserve(10);
        assertThat(reserved()).isEqualTo(10);
        whole.close();
        whole.close();
        assertThat(reserved()).isZero();
        assertThat(whole.blocks()).isZero();
    }

    @Test
    void noMoreCanBeTakenThanThereIs() throws Exception {
        Reservation page = space.emptyReservation();
        try (Reservation whole = reserve(4)) {
            whole.moveTo(page, 3);
            assertThat(whole.blocks()).isEqualTo(1);
            assertThatThrownBy(() -> space.settle(page, 4, 0, 0)).isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(() -> reserve(2).moveTo(Reservation.NONE, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Against a model: any parts handed over, settled, and closed in any order leave no promise behind. */
    @Test
    void promisesAreNeitherLostNorMultiplied() throws Exception {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            List<Reservation> open = new ArrayList<>();
            long expected = 0;
            for (int step = 0; step < 100; step++) {
                int kind = open.isEmpty() ? 0 : random.nextInt(4);
                Reservation some = kind == 0 ? space.emptyReservation() : open.get(random.nextInt(open.size()));
                long part = random.nextLong(some.blocks() + 1);
                switch (kind) {
                    case 0 -> {
                        long blocks = random.nextInt(8);
                        open.add(reserve(blocks));
                        expected += blocks;
                    }
                    case 1 -> some.moveTo(open.get(random.nextInt(open.size())), part);
                    case 2 -> {
                        space.settle(some, part, 0, 0);
                        expected -= part;
                    }
                    default -> {
                        expected -= some.blocks();
                        some.close();
                    }
                }
                assertThat(reserved()).as("seed %d, step %d", seed, step).isEqualTo(expected);
                assertThat(open.stream().mapToLong(Reservation::blocks).sum()).isEqualTo(expected);
            }
            open.forEach(Reservation::close);
            assertThat(reserved()).as("seed %d", seed).isZero();
        }
    }
}
