package io.holdfast.file;

import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.concurrent.Helpers;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceReserver;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * What the files of one volume share.
 *
 * @param writer the parts for writing; null if the volume is open read-only
 */
record FileContext(
        String volumeName,
        BlockReader reader,
        PageCache cache,
        MapRegistry maps,
        IoCounters counters,
        InstantSource clock,
        @Nullable Writer writer) {
    /** The parts that only a volume open for writing has. */
    record Writer(
            FailureLatch latch,
            HostRoom room,
            SpaceManager space,
            SpaceReserver reserver,
            WriteLog log,
            Checkpointer checkpointer,
            Helpers helpers) {}
}
