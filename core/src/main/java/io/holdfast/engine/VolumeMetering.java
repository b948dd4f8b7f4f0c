package io.holdfast.engine;

import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.device.MeteredDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.file.IoCounters;
import io.holdfast.format.Block;
import io.holdfast.log.WriteLog;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.metadata.ItemStore;
import io.holdfast.space.GroupCounts;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.LatencyCounts;
import io.holdfast.volume.VolumeMetrics;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers what the layers of a volume count. Each lock is held for a few loads, and none while another is. */
final class VolumeMetering {
    /** The bitmap of a loaded group, as it is and as of the last checkpoint. */
    private static final long LOADED_GROUP_BYTES = 2L * Block.SIZE;

    private VolumeMetering() {}

    static VolumeMetrics of(
            MeteredDevice device,
            VolumeState state,
            FileLayer files,
            FileLayer.@Nullable Writable writable,
            MemoryPlan plan) {
        GroupCounts groups = state.space().groupCounts();
        IoCounters io = files.counters();
        return new VolumeMetrics(
                new VolumeMetrics.Cache(
                        files.cache().pages() * Block.SIZE,
                        files.cache().pagesMax() * Block.SIZE,
                        files.dirtyPages() * Block.SIZE,
                        files.cache().dirtyMax() * Block.SIZE),
                writable == null ? new VolumeMetrics.Log(0, 0, 0, 0) : log(writable.log(), writable.checkpointer()),
                writable == null
                        ? new VolumeMetrics.Checkpoint(false, 0, LatencyCounts.NONE)
                        : new VolumeMetrics.Checkpoint(
                                writable.checkpointer().checkpoints().isRunning(),
                                writable.checkpointer().checkpoints().nanosSince(),
                                LatencyCounts.of(
                                        writable.checkpointer().checkpoints().times())),
                new VolumeMetrics.Groups(groups.total(), groups.loaded(), groups.closed()),
                new VolumeMetrics.Device(
                        device.readErrors(),
                        device.writeErrors(),
                        device.flushErrors(),
                        LatencyCounts.of(device.flushTimes())),
                new VolumeMetrics.Throttling(
                        writable == null
                                ? LatencyCounts.NONE
                                : LatencyCounts.of(writable.checkpointer().throttled()),
                        LatencyCounts.of(io.throttled)),
                reading(io, state.store()),
                memory(state, files, writable, plan, groups));
    }

    private static VolumeMetrics.Log log(WriteLog log, Checkpointer checkpointer) {
        return new VolumeMetrics.Log(
                log.blocksSinceCheckpoint() * Block.SIZE,
                checkpointer.logBlocksMax() * Block.SIZE,
                log.recordsSinceCheckpoint(),
                checkpointer.recordsMax());
    }

    private static VolumeMetrics.Reading reading(IoCounters io, BlockStore store) {
        long repeated = 0;
        long healed = 0;
        long bad = 0;
        for (BlockStore.Kind kind : BlockStore.Kind.values()) {
            BlockStore.Counters counters = store.counters(kind);
            repeated += counters.again();
            healed += counters.healed();
            bad += counters.bad();
        }
        return new VolumeMetrics.Reading(io.staleMappings.sum(), io.fallbacks.sum(), repeated, healed, bad);
    }

    private static List<VolumeMetrics.MemoryUse> memory(
            VolumeState state,
            FileLayer files,
            FileLayer.@Nullable Writable writable,
            MemoryPlan plan,
            GroupCounts groups) {
        List<VolumeMetrics.MemoryUse> users = new ArrayList<>();
        users.add(new VolumeMetrics.MemoryUse(
                "pages", files.cache().pages() * Block.SIZE, files.cache().pagesMax() * Block.SIZE));
        users.add(new VolumeMetrics.MemoryUse(
                "nodes", state.nodes().nodes() * Block.SIZE, state.nodes().nodesMax() * Block.SIZE));
        users.add(new VolumeMetrics.MemoryUse(
                "changes",
                writable == null
                        ? state.maps().memory().bytes()
                        : writable.checkpointer().budget().bytes(),
                plan.changes()));
        users.add(new VolumeMetrics.MemoryUse("items", state.items().bytes(), ItemStore.BYTES_MAX));
        users.add(new VolumeMetrics.MemoryUse(
                "groups", plan.groupTable() + groups.loaded() * LOADED_GROUP_BYTES, plan.groups()));
        return users;
    }
}
