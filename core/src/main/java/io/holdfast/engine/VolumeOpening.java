package io.holdfast.engine;

import io.holdfast.background.Background;
import io.holdfast.btree.BTree;
import io.holdfast.checkpoint.ChangeApplier;
import io.holdfast.checkpoint.Checkpointer;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.checkpoint.Recovery;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.MeteredDevice;
import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.failure.InsistentDevice;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LogEntry;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.log.WriteLog;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.memory.MemoryPlan;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The steps of opening a volume: superblock, group table, log replay. To write, the log goes on under a new log id.
 * Then come the files and the background threads. If a step fails, {@link #abandon} undoes the steps before
 * it. Used once.
 */
final class VolumeOpening {
    /**
     * Records that are filled or written at the same time. Each holds a buffer of somewhat less than half a mebibyte.
     */
    private static final int LOG_BUFFERS = 8;
    /** Short records in addition, of 72 KiB each: as many as one connection has requests under way at the device. */
    private static final int SHORT_LOG_BUFFERS = 32;

    private static final int NODE_BUFFER_BLOCKS = 64;
    private static final int NODE_BUFFERS_MAX = 26;
    /** So many bytes for cached nodes allow one more buffer to read them. */
    private static final long NODES_PER_BUFFER = 2L << 20;

    private final HostRoom room;
    private final MeteredDevice device;
    private final OpenOptions options;
    private final VolumeOnDevice.Environment environment;
    private final SkippedDamage skipped = new SkippedDamage();
    private final DamagePolicy policy;
    private MemoryPlan memory;
    /** The actions that close what was made, the newest first. */
    private final Deque<VolumeLife.Action> undo = new ArrayDeque<>();

    private VolumeOpening(Device raw, OpenOptions options, VolumeOnDevice.Environment environment) {
        this.room = new HostRoom(environment.timing());
        this.device = new MeteredDevice(new InsistentDevice(raw, room), environment.timing());
        this.options = options;
        this.policy = options.rescue() ? skipped : DamagePolicy.STRICT;
        this.environment = environment;
        this.memory = MemoryPlan.of(options.memory()).withSetsBeside(environment.checkSets());
        undo.push(device::close);
    }

    /**
     * Opens a volume. The device is closed with the volume, and also if this fails.
     *
     * @param guard the volume releases it when it is closed; if this fails, the caller must
     */
    static StoredVolume open(Device raw, DeviceGuard guard, OpenOptions options, VolumeOnDevice.Environment environment)
            throws HoldfastException {
        VolumeOpening opening = new VolumeOpening(raw, options, environment);
        boolean done = false;
        try {
            StoredVolume volume = opening.volume(guard);
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

    private StoredVolume volume(DeviceGuard guard) throws HoldfastException {
        OpenedVolume opened = state();
        Background background = new Background(environment.timing());
        FileLayer files = new FileLayer(
                opened.state(),
                memory.pages(),
                environment.clock(),
                environment.timing(),
                background,
                opened.writable());
        undo.push(files::close);
        Namespace namespace =
                new Namespace(opened.state().items(), environment.clock(), files.table(), files.table(), policy);
        StoredVolume volume = new StoredVolume(opened, guard, options, environment, files, namespace, background);
        volume.start();
        return volume;
    }

    private OpenedVolume state() throws HoldfastException {
        long start = environment.timing().nanoTime();
        BufferPool nodeBuffers =
                new BufferPool(Math.clamp(memory.nodes() / NODES_PER_BUFFER, 4, NODE_BUFFERS_MAX), NODE_BUFFER_BLOCKS);
        undo.push(nodeBuffers::close);
        BlockStore store = new BlockStore(device);
        Superblocks superblocks = new Superblocks(store, nodeBuffers, environment.groupLog2());
        List<String> problems = new ArrayList<>();
        Superblocks.Found found =
                options.rescue() ? readable(store, superblocks.all(), nodeBuffers, problems) : superblocks.read();
        Superblock superblock = found.superblock();
        if (!options.readOnly()) {
            found.requireNewest(device.name());
        }
        found.warning(device.name()).ifPresent(problems::add);
        requireUsable(superblock);
        Layout layout = superblock.layout();
        Checksum checksum = Checksums.byId(superblock.checksumId());
        NodeCache nodes = new NodeCache(store, checksum, nodeBuffers, memory.nodes());
        undo.push(nodes::close);
        boolean rootIsWhole = loadRoot(nodes, superblock, problems);
        found.problems().forEach(problem -> problems.add(problem.message()));
        SpaceMap spaceMap = new SpaceMap(layout, device, checksum, nodes::readUncached, nodeBuffers);
        boolean spaceIsKnown = loadSpaceMap(superblock, spaceMap, problems);
        SpaceManager space = new SpaceManager(layout, spaceMap, groupsLoaded());
        space.setUnwrittenInTree(superblock.unwrittenBlocks());
        ReaderEpochs readers = new ReaderEpochs();
        SpaceReserver reserver = new SpaceReserver(space, device.name());
        ItemStore items =
                new ItemStore(nodes, space, reserver, readers, superblock.treeRoot(), superblock.inodesBelow(), policy);
        ChangeMemory changes = new ChangeMemory();
        undo.push(changes::close);
        ChangeBudget budget = new ChangeBudget(changes, memory.changes(), environment.changesMin());
        MapRegistry maps = new MapRegistry(nodes, space, changes, items);
        VolumeState state = new VolumeState(
                store, checksum, new FailureLatch(), room, nodeBuffers, nodes, space, readers, items, maps);
        Checkpoints checkpoints =
                new Checkpoints(state, spaceMap, superblocks, superblock, budget, environment.timing());
        if (!rootIsWhole) {
            checkpoints.rewriteRoot();
        }
        Recovery recovery =
                new Recovery(state, budget, options.readOnly() ? null : checkpoints, superblock.changeBytes(), policy);
        recovery.report(options.recovery()::update);
        if (!spaceIsKnown) {
            recovery.claimWhatIsKnown();
        }
        LogReader.Result result = replay(state, found, recovery, problems);
        Inject.at(Point.RECOVERY_DONE);
        FileLayer.Writable writable = null;
        if (!options.readOnly()) {
            WriteLog log = log(state, superblock, result);
            writable = goLive(log, checkpoints, state, reserver);
            beginMount(log, checkpoints, superblock, recovery);
            if (result.problems().stream().anyMatch(LogReader.Problem::oneOfTwo)) {
                // What is there once only should not be needed for long.
                writable.checkpointer().requestCheckpoint();
            }
        }
        recovery.finish();
        space.closedBecause().ifPresent(why -> problems.add(String.valueOf(why.getMessage())));
        RecoveryReport report = new RecoveryReport(
                superblock.clean() || result.closed(),
                recovery.records(),
                recovery.blocks(),
                result.durableThrough(),
                result.dropped(),
                recovery.checkpointsWritten(),
                environment.timing().nanoTime() - start,
                problems);
        return new OpenedVolume(device, state, superblock, writable, report, memory, environment.timing(), skipped);
    }

    /**
     * Chooses the newest checkpoint of which the root of the metadata tree can be read. Blocks that only an older one needs may
     * have been used again; their checksums tell.
     */
    private Superblocks.Found readable(
            BlockStore store, List<Superblocks.Found> all, BufferPool nodeBuffers, List<String> problems)
            throws HoldfastException {
        HoldfastException why = null;
        for (Superblocks.Found found : all) {
            Superblock superblock = found.superblock();
            Checksum checksum = Checksums.byId(superblock.checksumId());
            try (NodeCache nodes = new NodeCache(store, checksum, nodeBuffers, 0)) {
                BTree.cursor(nodes, superblock.treeRoot(), new byte[0]).requireRoot();
                if (why != null) {
                    problems.add("%s: this is checkpoint %d: changes after it may be missing"
                            .formatted(device.name(), superblock.generation()));
                }
                return found;
            } catch (HoldfastException e) {
                why = why == null ? e : why;
                problems.add("%s: checkpoint %d cannot be read: %s"
                        .formatted(device.name(), superblock.generation(), e.getMessage()));
            }
        }
        throw new HoldfastException(
                ErrorCode.DAMAGED,
                device.name() + ": no checkpoint can be read" + (why == null ? "" : ": " + why.getMessage()),
                why);
    }

    /** Refuses a volume that this process cannot write to, or has no memory for. */
    private void requireUsable(Superblock superblock) throws HoldfastException {
        if (!options.readOnly() && !superblock.features().canWrite()) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: this volume uses %s, which this Holdfast does not know; open it read-only, or use a newer one"
                            .formatted(device.name(), superblock.features().unwritable()));
        }
        memory = GroupMemory.require(device.name(), superblock.layout(), memory);
    }

    /**
     * Reads both copies of the metadata tree's root; returns whether both are whole. Without the root nothing is found, and no checkpoint can
     * be written.
     */
    private boolean loadRoot(NodeCache nodes, Superblock superblock, List<String> problems) throws HoldfastException {
        TreeRoot root = superblock.treeRoot();
        Map<Long, HoldfastException> unreadable = BTree.rootProblems(nodes::readUncached, root);
        boolean whole = unreadable.isEmpty();
        if (unreadable.size() == 1) {
            unreadable.forEach((_, why) -> problems.add(why.getMessage()
                    + "; it is the root of the metadata tree, and the other of its two copies is whole, and has all"));
        } else if (!whole && !options.readOnly()) {
            HoldfastException first = unreadable.values().iterator().next();
            throw new HoldfastException(
                    first.code(),
                    unreadable.values().stream()
                                    .map(HoldfastException::getMessage)
                                    .collect(Collectors.joining("; "))
                            + "; these are the two copies of the root of the metadata tree: the volume cannot be written to, and 'holdfast rescue' copies out what is there",
                    first);
        }
        return whole;
    }

    private int groupsLoaded() {
        // A loaded group has its bitmap twice: as of now, and as of the last checkpoint.
        return Math.clamp(memory.bitmaps() / (2 * Block.SIZE), 2, 4096);
    }

    /**
     * Loads the group table; returns whether all of it could be read. Reading needs none of it, so damage only keeps the volume
     * from being written to.
     */
    private boolean loadSpaceMap(Superblock superblock, SpaceMap spaceMap, List<String> problems)
            throws HoldfastException {
        int before = problems.size();
        List<String> copies = new ArrayList<>();
        spaceMap.load(superblock.spaceRoot(), superblock.generation(), new SpaceMap.Damage() {
            @Override
            public void found(BlockPointer pointer, long first, long count, HoldfastException why)
                    throws HoldfastException {
                unusableSpaceMap(problems, why.code(), String.valueOf(why.getMessage()));
            }

            @Override
            public void oneOfTwo(long block, HoldfastException why) {
                copies.add(why.getMessage() + "; the other of two copies is whole, and has all");
            }
        });
        long allocated = spaceMap.allocated();
        if (problems.size() == before && allocated != superblock.allocatedBlocks()) {
            unusableSpaceMap(
                    problems,
                    ErrorCode.DAMAGED,
                    "%s: space map: %d blocks are allocated, the superblock says %d"
                            .formatted(device.name(), allocated, superblock.allocatedBlocks()));
        }
        boolean whole = problems.size() == before;
        problems.addAll(copies);
        return whole;
    }

    private void unusableSpaceMap(List<String> problems, ErrorCode code, String why) throws HoldfastException {
        if (!options.readOnly()) {
            throw new HoldfastException(
                    code,
                    why
                            + "; 'holdfast check --repair' shows whether it can be mended; open it read-only to copy off what is there");
        }
        problems.add(why);
    }

    /** Puts back what the log has. A damaged log keeps the volume from being written to. */
    private LogReader.Result replay(
            VolumeState state, Superblocks.Found found, Recovery recovery, List<String> problems)
            throws HoldfastException {
        Superblock superblock = found.superblock();
        if (superblock.clean()) {
            recovery.replayNothing(found);
            return LogReader.Result.empty(superblock.log());
        }
        LogReader reader =
                new LogReader(state.store(), superblock.mark(), state.checksum(), state.layout(), state.nodeBuffers());
        LogReader.Result result;
        try {
            result = recovery.replay(reader, found);
        } catch (HoldfastException e) {
            policy.met(e);
            return LogReader.Result.empty(superblock.log());
        }
        if (result.corrupt() && !options.readOnly()) {
            throw refusal(result);
        }
        result.problems().forEach(problem -> problems.add(problem.message()));
        return result;
    }

    /** Makes the error for a volume that is to be opened for writing and has a corrupt log. */
    private static HoldfastException refusal(LogReader.Result result) {
        LogReader.Problem problem = result.problems().getLast();
        if (problem.unread()) {
            // Before a record that was durable a repair ends no log.
            boolean isDurable = result.problems().stream().anyMatch(LogReader.Problem::isDamage);
            return new HoldfastException(
                    ErrorCode.DEVICE_ERROR,
                    problem.message()
                            + "; nothing was changed: look after the device, then open the volume again; if the blocks stay unreadable, "
                            + (isDurable
                                    ? "'holdfast rescue' copies out what is before them"
                                    : "'holdfast check --repair' ends the log before them"));
        }
        return new HoldfastException(
                ErrorCode.DAMAGED,
                problem.message()
                        + "; open it read-only to copy off what is there up to that record, nothing was changed");
    }

    /** Makes the log: it goes on behind the records that were replayed, or begins anew if the volume was closed. */
    private WriteLog log(VolumeState state, Superblock superblock, LogReader.Result replayed) throws HoldfastException {
        LogPosition end = replayed.end();
        WriteLog log = new WriteLog(
                device,
                state.checksum(),
                state.space(),
                state.latch(),
                room,
                new ChangeApplier(state),
                superblock.mark(),
                superblock.clean() ? end.anew(environment.random().nextLong()) : end,
                LOG_BUFFERS,
                SHORT_LOG_BUFFERS);
        undo.push(log::close);
        state.items().setLog(log);
        return log;
    }

    private FileLayer.Writable goLive(
            WriteLog log, Checkpoints checkpoints, VolumeState state, SpaceReserver reserver) {
        Checkpointer checkpointer = new Checkpointer(state, log, checkpoints);
        undo.push(checkpointer::stop);
        log.setReclaimer(checkpointer);
        return new FileLayer.Writable(log, checkpointer, reserver);
    }

    /** Says on the device that the volume is in use: with a record of the log, or where there is none in the superblock. */
    private void beginMount(WriteLog log, Checkpoints checkpoints, Superblock superblock, Recovery recovery)
            throws HoldfastException {
        if (superblock.clean()) {
            checkpoints.begin(log.position());
            return;
        }
        LogEntry.Mount mount = new LogEntry.Mount(
                environment.random().nextLong(), checkpoints.budget().share());
        log.mount(mount, recovery.records(), recovery.blocks());
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
