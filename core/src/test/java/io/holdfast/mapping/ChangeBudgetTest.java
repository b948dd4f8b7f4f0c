package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ChangeBudgetTest {
    private static final long SHARE = 64L << 20;

    private final ChangeMemory memory = new ChangeMemory();
    private final ChangeBudget budget = new ChangeBudget(memory, SHARE);

    @Test
    void promisesCount() {
        long all = budget.hard() / ChangeBudget.BLOCK_BYTES;
        assertThat(budget.tryAdmit(all)).isTrue();
        assertThat(budget.tryAdmit(1)).isFalse();
        budget.end(1);
        assertThat(budget.tryAdmit(1)).isTrue();
        memory.close();
    }

    @Test
    void aFullLogAdmitsNothing() {
        AtomicReference<Double> log = new AtomicReference<>(1.1);
        budget.boundBy(part -> log.get() > part);
        assertThat(budget.tryAdmit(1)).isFalse();
        log.set(0.9);
        assertThat(budget.tryAdmit(1)).isTrue();
        memory.close();
    }

    /** The log behind a checkpoint grows as the checkpoint proceeds: nobody waits until all of it is written. */
    @Test
    void aCheckpointThatProceedsLetsTheLogGrow() {
        AtomicReference<Double> log = new AtomicReference<>(0.6);
        budget.boundBy(part -> log.get() > part);
        budget.froze();
        assertThat(budget.tryAdmit(1)).isFalse();
        assertThat(budget.tryAdmitLate(1)).isTrue();
        budget.advance(4, 10);
        assertThat(budget.tryAdmit(1)).isTrue();
        log.set(0.98);
        budget.advance(10, 10);
        assertThat(budget.tryAdmit(1)).isFalse();
        budget.mapsWritten();
        assertThat(budget.tryAdmit(1)).isTrue();
        budget.committed();
        assertThat(budget.tryAdmit(1)).isTrue();
        memory.close();
    }

    /** Writers get half of the room at once, and the rest as the checkpoint proceeds. */
    @Test
    void aCheckpointThatProceedsMakesRoom() {
        budget.froze();
        long room = budget.hard() / ChangeBudget.BLOCK_BYTES;
        assertThat(budget.tryAdmit(room * 6 / 10)).isFalse();
        assertThat(budget.tryAdmitLate(room * 11 / 10)).isFalse();
        assertThat(budget.tryAdmit(room * 4 / 10)).isTrue();
        budget.advance(9, 10);
        assertThat(budget.tryAdmit(room * 3 / 10)).isTrue();
        assertThat(budget.tryAdmit(room * 2 / 10)).isFalse();
        budget.mapsWritten();
        assertThat(budget.tryAdmit(room * 2 / 10)).isTrue();
        memory.close();
    }
}
