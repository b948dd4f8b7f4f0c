package io.holdfast.space;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A group is due when it has been quiet for long enough, or has waited for too long. */
class FreedGroupsTest {
    private final FreedGroups freed = new FreedGroups();

    private void pass() {
        for (int page = 0; page >= 0; page = freed.pass(page)) {}
    }

    @Test
    void aGroupIsDueAfterAQuietTime() {
        assertThat(freed.areWaiting()).isFalse();
        freed.freed(5);
        freed.freed(70_000);
        assertThat(freed.areWaiting()).isTrue();
        for (int i = 0; i < FreedGroups.QUIET; i++) {
            assertThat(freed.nextDue(0)).isEqualTo(-1);
            pass();
        }
        assertThat(freed.nextDue(0)).isEqualTo(5);
        assertThat(freed.nextDue(6)).isEqualTo(70_000);
        assertThat(freed.nextDue(70_001)).isEqualTo(-1);
        freed.take(5);
        freed.take(70_000);
        freed.take(99);
        freed.take(1L << 40);
        assertThat(freed.areWaiting()).isFalse();
        assertThat(freed.nextDue(0)).isEqualTo(-1);
    }

    @Test
    void aGroupThatIsNeverQuietIsDueOnceAndThenWaitsAgain() {
        for (int i = 0; i < FreedGroups.AGE_MAX; i++) {
            assertThat(freed.nextDue(0)).as("pass %d", i).isEqualTo(-1);
            freed.freed(7);
            pass();
        }
        freed.freed(7);
        assertThat(freed.nextDue(0)).isEqualTo(7);
        freed.take(7);
        freed.freed(7);
        assertThat(freed.nextDue(0)).isEqualTo(-1);
    }

    /** Nothing that is counted runs over. */
    @Test
    void waitingForLongCountsNoFurther() {
        freed.freed(1);
        for (int i = 0; i < 1000; i++) {
            pass();
        }
        assertThat(freed.nextDue(0)).isEqualTo(1);
        freed.take(1);
        assertThat(freed.areWaiting()).isFalse();
    }
}
