package io.holdfast.engine;

import io.holdfast.btree.BTree;
import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.checkpoint.Recovery;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.error.DamagePolicy;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.failure.InsistentDevice;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.log.LogReader;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.metadata.ItemStore;
import io.holdfast.node.NodeCache;
import io.holdfast.repair.Repair;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.space.SpaceReserver;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.OpenOptions;

/**
 * Writes the checkpoint of a repair: replays the log in memory, as opening does, and brings it into the trees together with what is corrected.
 *
 * <p>Until the new superblock is durable, nothing is overwritten that the old one needs, its log included. Nor behind it: the volume is not in use
 * then. So both are whole afterwards. Used once, by one thread.
 */
final class RepairWriting {
    private static final int NODE_BUFFER_BLOCKS = 64;
    private static final int NODE_BUFFERS = 4;

    private final Device device;
    private final HostRoom room;
    private final VolumeOnDevice.Environment environment;

    private RepairWriting(Device raw, VolumeOnDevice.Environment environment) {
        // Nothing waits for room on the host: a full host ends the repair, and nothing was changed.
        this.room = new HostRoom(environment.timing());
        this.device = new InsistentDevice(raw, room);
        this.environment = environment;
    }

    /**
     * Writes.
     *
     * @param generation of the superblock that was checked
     * @param records of the log that the check had before it
     */
    static void write(
            Device raw,
            OpenOptions options,
            VolumeOnDevice.Environment environment,
            Repair repair,
            long generation,
            long records)
            throws HoldfastException {
        RepairWriting writing = new RepairWriting(raw, environment);
        MemoryPlan memory = MemoryPlan.of(options.memory());
        try (BufferPool buffers = new BufferPool(NODE_BUFFERS, NODE_BUFFER_BLOCKS)) {
            writing.write(repair, generation, records, memory, buffers);
        } catch (OutOfMemoryError e) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY, raw.name() + ": there is not enough memory for the repair; give it more", e);
        }
    }

    private void write(Repair repair, long generation, long records, MemoryPlan whole, BufferPool buffers)
            throws HoldfastException {
        BlockStore store = new BlockStore(device);
        Superblocks superblocks = new Superblocks(store, buffers, environment.groupLog2());
        Superblocks.Found found = superblocks.read();
        found.requireNewest(device.name());
        Superblock superblock = found.superblock();
        requireSame(superblock.generation(), generation);
        if (!superblock.features().canWrite()) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: this volume uses %s, which this Holdfast does not know; use a newer one"
                            .formatted(device.name(), superblock.features().unwritable()));
        }
        Layout layout = superblock.layout();
        MemoryPlan memory = GroupMemory.require(device.name(), layout, whole);
        Checksum checksum = Checksums.byId(superblock.checksumId());
        try (NodeCache nodes = new NodeCache(store, checksum, buffers, memory.nodes())) {
            SpaceMap map = new SpaceMap(layout, device, checksum, nodes::readUncached, buffers);
            map.load(superblock.spaceRoot(), superblock.generation(), new TableDamage());
            Superblock corrected = repair.correct(map);
            SpaceManager space = new SpaceManager(layout, map.beforeAndAfter(), groupsLoaded(memory));
            ReaderEpochs readers = new ReaderEpochs();
            ItemStore items = new ItemStore(
                    nodes,
                    space,
                    new SpaceReserver(space, device.name()),
                    readers,
                    superblock.treeRoot(),
                    superblock.inodesBelow(),
                    DamagePolicy.STRICT);
            ChangeMemory changes = new ChangeMemory();
            ChangeBudget budget = new ChangeBudget(changes, memory.changes());
            MapRegistry maps = new MapRegistry(nodes, space, changes, items);
            VolumeState state = new VolumeState(
                    store, checksum, new FailureLatch(), room, buffers, nodes, space, readers, items, maps);
            Checkpoints checkpoints =
                    new Checkpoints(state, map, superblocks, superblock, budget, environment.timing());
            if (!BTree.rootProblems(nodes::readUncached, superblock.treeRoot()).isEmpty()) {
                checkpoints.rewriteRoot();
            }
            // The check has looked whether a block of the log is in use besides.
            Recovery recovery = new Recovery(state, budget, null, superblock.changeBytes(), DamagePolicy.STRICT);
            recovery.claimWhatIsKnown();
            try {
                LogPosition log = replay(state, found, recovery, checkpoints);
                recovery.finish();
                requireSame(recovery.records(), records);
                Inject.at(Point.REPAIR_BEGINS);
                checkpoints.repair(
                        freeze -> {
                            freeze.freeze(log);
                            return true;
                        },
                        corrected,
                        repair.corrections());
            } finally {
                maps.close();
            }
        }
    }

    /** What cannot be read is corrected, or stays closed. Both copies are read, so that a damaged one is written again. */
    private static final class TableDamage implements SpaceMap.Damage {
        @Override
        public void found(BlockPointer pointer, long first, long count, HoldfastException why) {}

        @Override
        public boolean wantsBoth() {
            return true;
        }
    }

    /** What was decided holds for what was checked, and for nothing else. */
    private void requireSame(long now, long before) throws HoldfastException {
        if (now != before) {
            throw new HoldfastException(
                    ErrorCode.DEVICE_ERROR,
                    device.name()
                            + ": the device does not read as it did when it was checked; nothing was changed; look after it, then repair again");
        }
    }

    private static int groupsLoaded(MemoryPlan memory) {
        return Math.clamp(memory.bitmaps() / (2 * Block.SIZE), 2, 4096);
    }

    /** Puts back what the log has; returns where the next one begins. Makes durable what the old superblock needs. */
    private LogPosition replay(VolumeState state, Superblocks.Found found, Recovery recovery, Checkpoints checkpoints)
            throws HoldfastException {
        Superblock superblock = found.superblock();
        LogPosition end = superblock.log();
        if (!superblock.clean()) {
            LogReader reader = new LogReader(
                            state.store(), superblock.mark(), state.checksum(), state.layout(), state.nodeBuffers())
                    .endingWhereUnreadable();
            LogReader.Result result = recovery.replay(reader, found);
            if (result.corrupt()) {
                throw new HoldfastException(
                        ErrorCode.DAMAGED,
                        result.problems().getLast().message()
                                + "; nothing was changed, 'holdfast rescue' copies out what can be read");
            }
            end = result.end();
            if (end.block() != 0) {
                state.space().claim(end.block());
                state.space().claim(end.twin());
            }
            if (!Inject.off(Guard.TAIL_REWRITTEN)) {
                reader.rewriteTail(result);
            }
        }
        checkpoints.secure(found);
        return LogPosition.unplaced(end.sequence(), end.logId());
    }
}
