package io.holdfast.engine;

import com.sun.management.OperatingSystemMXBean;
import io.holdfast.checkpoint.ChangeApplier;
import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.checkpoint.Recovery;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.MeteredDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.metadata.ItemStore;
import io.holdfast.node.NodeCache;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.space.SpaceReserver;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.RecoveryReport;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The steps of opening a volume, and what they have made so far: superblock, space map, log replay, and, to write, a
 * first checkpoint under a new log id.
 */
final class VolumeOpening {
    /** Records being filled or written at once; each holds a buffer of somewhat less than half a mebibyte. */
    private static final int LOG_BUFFERS = 8;
    /** Short records besides, of 68 KiB: as many requests as one connection has under way at the device. */
    private static final int SHORT_LOG_BUFFERS = 32;

    private static final long MEMORY_DEFAULT_MAX = 1L << 30;

    private final MeteredDevice device;
    private final OpenOptions options;
    private final VolumeOnDevice.Environment environment;
    private final long memory;
    private final BufferPool nodeBuffers;
    private Superblock superblock;
    private final HostRoom room;
    private @Nullable VolumeState state;
    private @Nullable WriteLog log;
    private @Nullable Checkpointer checkpointer;
    private @Nullable SpaceReserver reserver;

    VolumeOpening(MeteredDevice device, HostRoom room, OpenOptions options, VolumeOnDevice.Environment environment)
            throws HoldfastException {
        this.device = device;
        this.room = room;
        this.options = options;
        this.environment = environment;
        this.memory = memory(options);
        this.nodeBuffers = nodeBuffers(device);
        boolean found = false;
        try {
            superblock = new Superblocks(device, nodeBuffers).read().superblock();
            found = true;
        } finally {
            if (!found) {
                device.close();
                nodeBuffers.close();
            }
        }
    }

    private static BufferPool nodeBuffers(MeteredDevice device) throws HoldfastException {
        try {
            return new BufferPool(16, 64);
        } catch (OutOfMemoryError e) {
            device.close();
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY, device.name() + ": there is not enough memory to open the volume", e);
        }
    }

    private static long memory(OpenOptions options) {
        if (options.memory() == 0) {
            var system = ManagementFactory.getOperatingSystemMXBean();
            long total = system instanceof OperatingSystemMXBean known
                    ? known.getTotalMemorySize()
                    : Runtime.getRuntime().maxMemory();
            return Math.clamp(total / 4, OpenOptions.MIN_MEMORY, MEMORY_DEFAULT_MAX);
        }
        return options.memory();
    }

    RecoveryReport run() throws HoldfastException {
        long start = environment.timing().nanoTime();
        Superblocks superblocks = new Superblocks(device, nodeBuffers);
        Superblocks.Found found = superblocks.read();
        superblock = found.superblock();
        Layout layout = new Layout(superblock.blocks());
        Checksum checksum = Checksums.byId(superblock.checksumId());
        FailureLatch latch = new FailureLatch();
        NodeCache nodes = new NodeCache(device, checksum, nodeBuffers, memory / 8);
        SpaceManager space = new SpaceManager(layout);
        ReaderEpochs readers = new ReaderEpochs();
        SpaceReserver reserve = new SpaceReserver(space, device.name());
        reserver = reserve;
        ItemStore items = new ItemStore(nodes, space, reserve, readers, superblock.treeRoot());
        ChangeBudget budget = new ChangeBudget();
        MapRegistry maps = new MapRegistry(nodes, space, budget, items);
        VolumeState made =
                new VolumeState(device, layout, checksum, latch, room, nodeBuffers, nodes, space, readers, items, maps);
        state = made;
        List<String> problems = new ArrayList<>();
        found.problems().forEach(problem -> problems.add(problem.message()));
        SpaceMap spaceMap = new SpaceMap(layout, device, checksum, nodes::readUncached, nodeBuffers);
        loadSpaceMap(spaceMap, space, problems);
        Recovery replay = new Recovery(made);
        LogReader.Result result = superblock.clean()
                ? LogReader.Result.empty(superblock.log())
                : new LogReader(device, checksum, layout, nodeBuffers, replay).read(superblock.log());
        result.problems().forEach(problem -> problems.add(problem.message()));
        Inject.at(Point.RECOVERY_DONE);
        if (!options.readOnly()) {
            if (result.corrupt()) {
                throw LogReader.refusal(result);
            }
            goLive(made, superblocks, spaceMap, budget, result);
        }
        replay.finish();
        return new RecoveryReport(
                superblock.clean() && result.records() == 0,
                result.records(),
                result.blocks(),
                result.durableThrough(),
                result.dropped(),
                environment.timing().nanoTime() - start,
                problems);
    }

    /** Loads the space map. Reading needs none of it, so a damaged one only keeps the volume from being written to. */
    private void loadSpaceMap(SpaceMap spaceMap, SpaceManager space, List<String> problems) throws HoldfastException {
        long[] count = new long[1];
        int before = problems.size();
        spaceMap.load(
                superblock.spaceRoot(),
                block -> {
                    space.markBusy(block);
                    count[0]++;
                },
                (pointer, first, blocks, why) ->
                        unusableSpaceMap(problems, why.code(), String.valueOf(why.getMessage())));
        if (problems.size() == before && count[0] != superblock.allocatedBlocks()) {
            unusableSpaceMap(
                    problems,
                    ErrorCode.DAMAGED,
                    "%s: space map: %d blocks are allocated, the superblock says %d"
                            .formatted(device.name(), count[0], superblock.allocatedBlocks()));
        }
        space.setUnwrittenInTree(superblock.unwrittenBlocks());
    }

    private void unusableSpaceMap(List<String> problems, ErrorCode code, String why) throws HoldfastException {
        if (!options.readOnly()) {
            throw new HoldfastException(code, why + "; open it read-only to check it and to copy off what is there");
        }
        problems.add(why);
    }

    /** Begins a new log, under a new log id, with a checkpoint that holds everything replayed. */
    private void goLive(
            VolumeState made, Superblocks superblocks, SpaceMap spaceMap, ChangeBudget budget, LogReader.Result result)
            throws HoldfastException {
        WriteLog newLog = new WriteLog(
                device,
                made.checksum(),
                made.space(),
                made.latch(),
                made.room(),
                new ChangeApplier(made),
                result.end().sequence() - 1,
                environment.random().nextLong(),
                LOG_BUFFERS,
                SHORT_LOG_BUFFERS);
        log = newLog;
        made.items().setLog(newLog);
        checkpointer = new Checkpointer(
                made, newLog, spaceMap, superblocks, superblock, budget, Math.max(memory / 8, 1 << 20));
        newLog.setReclaimer(checkpointer);
        checkpointer.write(false);
    }

    FileLayer.@Nullable Writable writable() {
        WriteLog to = log;
        Checkpointer checkpoints = checkpointer;
        SpaceReserver reserve = reserver;
        return to == null || checkpoints == null || reserve == null
                ? null
                : new FileLayer.Writable(to, checkpoints, reserve);
    }

    VolumeState state() {
        VolumeState made = state;
        if (made == null) {
            throw new IllegalStateException("not opened");
        }
        return made;
    }

    MeteredDevice device() {
        return device;
    }

    long memory() {
        return memory;
    }

    Superblock superblock() {
        return superblock;
    }

    @Nullable
    SpaceReserver reserver() {
        return reserver;
    }

    void abandon() throws HoldfastException {
        Checkpointer checkpoints = checkpointer;
        if (checkpoints != null) {
            checkpoints.stop();
        }
        try {
            device.close();
        } finally {
            WriteLog opened = log;
            if (opened != null) {
                opened.close();
            }
            nodeBuffers.close();
            VolumeState made = state;
            if (made != null) {
                made.nodes().close();
            }
        }
    }
}
