package io.holdfast.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Layout;
import io.holdfast.space.SpaceManager;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

class LogBackingTest {
    private static final int BLOCKS = 1024;

    private final LogSpace space = new LogSpace(new SpaceManager(new Layout(BLOCKS, Layout.GROUP_LOG2_MIN)));
    private final LogBacking backing = new LogBacking(
            new MemoryDevice("memory", BLOCKS),
            space,
            new ReentrantLock(),
            new HostRoom(Timing.SYSTEM),
            new FailureLatch());

    /**
     * Two writers find too little ready at the same time. One makes more ready. The other finds nothing to do then, and must
     * try again, too: it would wait for a whole checkpoint for room that there is.
     */
    @Test
    void whatAnotherWriterMakesReadyCounts() throws HoldfastException {
        backing.backOrRefuse();
        long one = backing.mark();
        long other = backing.mark();
        assertThat(space.isReady(20)).isFalse();
        assertThat(backing.insist(one)).isTrue();
        assertThat(space.isReady(20)).isTrue();
        assertThat(backing.insist(other)).isTrue();
        assertThat(backing.backOrRefuse(other)).isTrue();
        long now = backing.mark();
        assertThat(backing.insist(now)).isFalse();
        assertThat(backing.backOrRefuse(now)).isFalse();
    }
}
