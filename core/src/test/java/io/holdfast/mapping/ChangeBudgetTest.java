package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
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
        AtomicBoolean full = new AtomicBoolean(true);
        budget.boundBy(full::get);
        assertThat(budget.tryAdmit(1)).isFalse();
        full.set(false);
        assertThat(budget.tryAdmit(1)).isTrue();
        memory.close();
    }

    /** Writers get half of the room at once, and the rest as the checkpoint proceeds. */
    @Test
    void aCheckpointThatProceedsMakesRoom() {
        budget.froze();
        long room = budget.hard() / ChangeBudget.BLOCK_BYTES;
        assertThat(budget.tryAdmit(room * 6 / 10)).isFalse();
        assertThat(budget.tryAdmit(room * 4 / 10)).isTrue();
        budget.advance(9, 10);
        assertThat(budget.tryAdmit(room * 3 / 10)).isTrue();
        assertThat(budget.tryAdmit(room * 2 / 10)).isFalse();
        budget.mapsWritten();
        assertThat(budget.tryAdmit(room * 2 / 10)).isTrue();
        memory.close();
    }
}
