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
import io.holdfast.device.Device;
import io.holdfast.device.MeteredDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.failure.InsistentDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.metadata.ItemStore;
import io.holdfast.namespace.Namespace;
import io.holdfast.node.NodeCache;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.space.SpaceReserver;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The steps of opening a volume: superblock, space map, log replay. To write, a first checkpoint under a new log id
 * follows. Then come the files and the background threads. If a step fails, {@link #abandon} undoes the steps before
 * it. Used once.
 */
final class VolumeOpening {
    /**
     * Records that are filled or written at the same time. Each holds a buffer of somewhat less than half a mebibyte.
     */
    private static final int LOG_BUFFERS = 8;
    /** Short records in addition, of 68 KiB each: as many as one connection has requests under way at the device. */
    private static final int SHORT_LOG_BUFFERS = 32;

    private static final long MEMORY_DEFAULT_MAX = 1L << 30;

    private final HostRoom room;
    private final MeteredDevice device;
    private final OpenOptions options;
    private final VolumeOnDevice.Environment environment;
    private final long memory;
    /** The actions that close what was made, the newest first. */
    private final Deque<VolumeLife.Action> undo = new ArrayDeque<>();

    private VolumeOpening(Device raw, OpenOptions options, VolumeOnDevice.Environment environment) {
        this.room = new HostRoom(environment.timing());
        this.device = new MeteredDevice(new InsistentDevice(raw, room));
        this.options = options;
        this.environment = environment;
        this.memory = memory(options);
        undo.push(device::close);
    }

    /**
     * Opens a volume. The device is closed with the volume, and also if this fails.
     *
     * @param guard the volume releases it when it is closed; if this fails, the caller must
     */
    static Volume open(Device raw, DeviceGuard guard, OpenOptions options, VolumeOnDevice.Environment environment)
            throws HoldfastException {
        VolumeOpening opening = new VolumeOpening(raw, options, environment);
        boolean done = false;
        try {
            Volume volume = opening.volume(guard);
            done = true;
            return volume;
        } catch (OutOfMemoryError e) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    raw.name() + ": there is not enough memory to open the volume; free some, or ask for less of it",
                    e);
        } finally {
            if (!done) {
                opening.abandon();
            }
        }
    }

    static void requirePossibleMemory(long bytes) throws HoldfastException {
        boolean little = Long.compareUnsigned(bytes, OpenOptions.MIN_MEMORY) < 0;
        boolean much = Long.compareUnsigned(bytes, OpenOptions.MAX_MEMORY) > 0;
        if (bytes != 0 && (little || much)) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "memory of %s is too %s; it may be %s to %s"
                            .formatted(
                                    SizeText.exact(bytes),
                                    much ? "much" : "little",
                                    SizeText.exact(OpenOptions.MIN_MEMORY),
                                    SizeText.exact(OpenOptions.MAX_MEMORY)));
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

    private Volume volume(DeviceGuard guard) throws HoldfastException {
        OpenedVolume opened = state();
        FileLayer files = new FileLayer(
                opened.state(), memory * 5 / 8, environment.clock(), environment.timing(), opened.writable());
        undo.push(files::close);
        Namespace namespace = new Namespace(opened.state().items(), environment.clock(), files.table(), files.table());
        StoredVolume volume = new StoredVolume(opened, guard, options, files, namespace);
        volume.start();
        return volume;
    }

    private OpenedVolume state() throws HoldfastException {
        long start = environment.timing().nanoTime();
        BufferPool nodeBuffers = new BufferPool(16, 64);
        undo.push(nodeBuffers::close);
        BlockStore store = new BlockStore(device);
        Superblocks superblocks = new Superblocks(store, nodeBuffers, environment.groupLog2());
        Superblocks.Found found = superblocks.read();
        Superblock superblock = found.superblock();
        requireUsable(superblock);
        Layout layout = superblock.layout();
        Checksum checksum = Checksums.byId(superblock.checksumId());
        NodeCache nodes = new NodeCache(store, checksum, nodeBuffers, memory / 8);
        undo.push(nodes::close);
        List<String> problems = new ArrayList<>();
        found.problems().forEach(problem -> problems.add(problem.message()));
        SpaceMap spaceMap = new SpaceMap(layout, device, checksum, nodes::readUncached, nodeBuffers);
        loadSpaceMap(superblock, spaceMap, problems);
        SpaceManager space = new SpaceManager(layout, spaceMap, groupsLoaded());
        space.setUnwrittenInTree(superblock.unwrittenBlocks());
        ReaderEpochs readers = new ReaderEpochs();
        SpaceReserver reserver = new SpaceReserver(space, device.name());
        ItemStore items = new ItemStore(nodes, space, reserver, readers, superblock.treeRoot());
        ChangeMemory changes = new ChangeMemory();
        undo.push(changes::close);
        MapRegistry maps = new MapRegistry(nodes, space, changes, items);
        VolumeState state = new VolumeState(
                store, layout, checksum, new FailureLatch(), room, nodeBuffers, nodes, space, readers, items, maps);
        Recovery replay = new Recovery(state, options.readOnly());
        LogReader.Result result = superblock.clean()
                ? LogReader.Result.empty(superblock.log())
                : new LogReader(store, checksum, layout, nodeBuffers, replay).read(superblock.log());
        result.problems().forEach(problem -> problems.add(problem.message()));
        Inject.at(Point.RECOVERY_DONE);
        FileLayer.Writable writable = null;
        if (!options.readOnly()) {
            if (result.corrupt()) {
                throw refusal(result);
            }
            WriteLog log = newLog(state, result);
            Checkpointer checkpointer =
                    new Checkpointer(state, log, spaceMap, superblocks, superblock, new ChangeBudget(changes, memory));
            writable = goLive(log, checkpointer, reserver);
        }
        replay.finish();
        space.closedBecause().ifPresent(why -> problems.add(String.valueOf(why.getMessage())));
        RecoveryReport report = new RecoveryReport(
                superblock.clean() && result.records() == 0,
                result.records(),
                result.blocks(),
                result.durableThrough(),
                result.dropped(),
                environment.timing().nanoTime() - start,
                problems);
        return new OpenedVolume(device, state, superblock, writable, report, memory);
    }

    /** Refuses a volume that this process cannot write to, or has no memory for. */
    private void requireUsable(Superblock superblock) throws HoldfastException {
        if (!options.readOnly() && !superblock.features().canWrite()) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: this volume uses %s, which this Holdfast does not know; open it read-only, or use a newer one"
                            .formatted(device.name(), superblock.features().unwritable()));
        }
        long needed = SpaceMap.tableBytes(superblock.layout());
        if (needed > memory / 4) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    "%s: a volume of %s needs %s of memory for its groups alone; give it a memory of %s"
                            .formatted(
                                    device.name(),
                                    SizeText.exact(superblock.blocks() * Block.SIZE),
                                    SizeText.exact(needed),
                                    SizeText.exact(needed * 4)));
        }
    }

    private int groupsLoaded() {
        return Math.clamp(memory / 128 / Block.SIZE, 2, 4096);
    }

    /** Loads the group table. Reading needs none of it, so damage only keeps the volume from being written to. */
    private void loadSpaceMap(Superblock superblock, SpaceMap spaceMap, List<String> problems)
            throws HoldfastException {
        int before = problems.size();
        spaceMap.load(
                superblock.spaceRoot(),
                superblock.generation(),
                (pointer, first, blocks, why) ->
                        unusableSpaceMap(problems, why.code(), String.valueOf(why.getMessage())));
        long allocated = spaceMap.allocated();
        if (problems.size() == before && allocated != superblock.allocatedBlocks()) {
            unusableSpaceMap(
                    problems,
                    ErrorCode.DAMAGED,
                    "%s: space map: %d blocks are allocated, the superblock says %d"
                            .formatted(device.name(), allocated, superblock.allocatedBlocks()));
        }
    }

    private void unusableSpaceMap(List<String> problems, ErrorCode code, String why) throws HoldfastException {
        if (!options.readOnly()) {
            throw new HoldfastException(code, why + "; open it read-only to check it and to copy off what is there");
        }
        problems.add(why);
    }

    /** Makes the error for a volume that is to be opened for writing and has a corrupt log. */
    private static HoldfastException refusal(LogReader.Result result) {
        return new HoldfastException(
                ErrorCode.DAMAGED,
                result.problems().getLast().message()
                        + "; open it read-only to copy off what is there up to that record, nothing was changed");
    }

    /** Makes a new log with a new log id; its records follow those that were replayed. */
    private WriteLog newLog(VolumeState state, LogReader.Result replayed) throws HoldfastException {
        WriteLog log = new WriteLog(
                device,
                state.checksum(),
                state.space(),
                state.latch(),
                room,
                new ChangeApplier(state),
                replayed.end().sequence() - 1,
                environment.random().nextLong(),
                LOG_BUFFERS,
                SHORT_LOG_BUFFERS);
        undo.push(log::close);
        state.items().setLog(log);
        return log;
    }

    /** Begins the new log with a checkpoint that holds everything replayed. */
    private FileLayer.Writable goLive(WriteLog log, Checkpointer checkpointer, SpaceReserver reserver)
            throws HoldfastException {
        undo.push(checkpointer::stop);
        log.setReclaimer(checkpointer);
        checkpointer.write(false);
        return new FileLayer.Writable(log, checkpointer, reserver);
    }

    /** Closes all that was made, even if some of it fails to close. Throws the first failure at the end. */
    private void abandon() throws HoldfastException {
        HoldfastException first = null;
        while (!undo.isEmpty()) {
            try {
                undo.pop().run();
            } catch (HoldfastException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
