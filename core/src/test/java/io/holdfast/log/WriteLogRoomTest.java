package io.holdfast.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.checksum.Checksums;
import io.holdfast.concurrent.Timing;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.MapEntry;
import io.holdfast.space.Reclaimer;
import io.holdfast.space.SpaceManager;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The last blocks of a volume: whatever has used up the others, a checkpoint can begin. */
class WriteLogRoomTest {
    private static final int BLOCKS = 1024;
    private static final HoldfastException ENOUGH = new HoldfastException(ErrorCode.NO_SPACE, "enough");

    private final FailureLatch latch = new FailureLatch();
    private final SpaceManager space = new SpaceManager(new Layout(BLOCKS, Layout.GROUP_LOG2_MIN));
    private boolean frozen;

    private WriteLog log() throws HoldfastException {
        return new WriteLog(
                new MemoryDevice("memory", BLOCKS),
                Checksums.byId(1),
                space,
                latch,
                new HostRoom(Timing.SYSTEM),
                change -> {},
                7,
                LogPosition.unplaced(1, 1),
                2,
                2);
    }

    /** What makes room when no block is left: it begins with a freeze. */
    private Reclaimer reclaimer(WriteLog log) {
        return () -> {
            frozen = log.freeze(position -> {});
            throw ENOUGH;
        };
    }

    @Test
    void smallChangesLeaveRoomForAFreeze() throws HoldfastException {
        WriteLog log = log();
        log.setReclaimer(reclaimer(log));
        LogEntry change = new LogEntry.Range(7, 0, 1, MapEntry.HOLE);
        assertThatThrownBy(() -> {
                    while (true) {
                        log.submit(List.of(change), false);
                        log.flush();
                    }
                })
                .isSameAs(ENOUGH);
        assertThat(frozen).isTrue();
        log.close();
    }
}
