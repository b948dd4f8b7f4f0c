package io.holdfast.engine;

import io.holdfast.btree.BTree;
import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.DeviceClaim;
import io.holdfast.device.DeviceProbe;
import io.holdfast.device.DeviceSource;
import io.holdfast.device.FormattableDevice;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Features;
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import io.holdfast.metadata.InodeMark;
import io.holdfast.namespace.Namespace;
import io.holdfast.node.NodeCache;
import io.holdfast.node.NodeReader;
import io.holdfast.node.RootWriter;
import io.holdfast.space.BlockList;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Writes empty volumes. */
final class Formatting {
    private Formatting() {}

    // ---- where a path or URI leads to ----

    static void format(DeviceSource source, FormatOptions options, Progress progress) throws HoldfastException {
        if (options.size() != 0) {
            requirePossible(options.size());
        }
        requireLabel(options.label());
        boolean created = source.create();
        boolean done = false;
        try {
            formatClaimed(source, options, progress);
            done = true;
        } finally {
            if (created && !done) {
                source.remove();
            }
        }
    }

    private static void formatClaimed(DeviceSource source, FormatOptions options, Progress progress)
            throws HoldfastException {
        try (DeviceClaim claim = source.claim(true);
                FormattableDevice device = claim.openToFormat(options.preallocate())) {
            if (!options.force()) {
                Optional<String> there = DeviceProbe.probe(device);
                if (there.isPresent()) {
                    throw new HoldfastException(
                            ErrorCode.NOT_EMPTY_DEVICE,
                            "%s holds %s; use --force to overwrite it".formatted(source, there.get()));
                }
            }
            long blocks = Block.at(options.size());
            if (options.preallocate()) {
                preallocate(device, blocks == 0 ? device.blocks() : blocks, progress);
            }
            forget(device);
            device.resize(Block.offset(blocks));
            requirePossible(device.blocks() * Block.SIZE);
            Features features = options.preallocate() ? Features.NONE.withPreallocated() : Features.NONE;
            format(device, options.checksum(), features, options.label(), VolumeOnDevice.Environment.system());
        }
    }

    /** Takes all space of a file. What was there before is still there if this fails. */
    private static void preallocate(FormattableDevice device, long blocks, Progress progress) throws HoldfastException {
        if (!device.takesRoomWhenWritten()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    device.name()
                            + " is no regular file: it has its space from the beginning, or gets it from something"
                            + " that takes no orders; format it without preallocation");
        }
        requirePossible(blocks * Block.SIZE);
        try {
            device.preallocate(0, blocks, done -> progress.update(done * Block.SIZE, blocks * Block.SIZE));
        } catch (HoldfastException e) {
            throw Growing.refusedByHost(e);
        }
    }

    /** Requires a size that a volume can have. */
    static void requirePossible(long bytes) throws HoldfastException {
        long max = Superblock.MAX_BLOCKS * Block.SIZE;
        if (Long.compareUnsigned(bytes, Volume.MIN_SIZE) < 0 || Long.compareUnsigned(bytes, max) > 0) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "a volume of %s is too %s; it may have %s to %s"
                            .formatted(
                                    SizeText.exact(bytes),
                                    Long.compareUnsigned(bytes, max) > 0 ? "large" : "small",
                                    SizeText.exact(Volume.MIN_SIZE),
                                    SizeText.exact(max)));
        }
    }

    // ---- on a device ----

    /** Writes an empty volume over all of the device. Does not check what is there. */
    static void format(
            Device device,
            ChecksumAlgorithm algorithm,
            Features features,
            String label,
            VolumeOnDevice.Environment environment)
            throws HoldfastException {
        long blocks = device.blocks();
        if (blocks < Superblock.minBlocks(environment.groupLog2()) || blocks > Superblock.MAX_BLOCKS) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s: a volume has %s to %s, not %s; name another size"
                            .formatted(
                                    device.name(),
                                    SizeText.exact(Superblock.minBlocks(environment.groupLog2()) * Block.SIZE),
                                    SizeText.exact(Superblock.MAX_BLOCKS * Block.SIZE),
                                    SizeText.exact(blocks * Block.SIZE)));
        }
        requireLabel(label);
        RandomGenerator random = environment.random();
        Layout layout = new Layout(blocks, environment.groupLog2());
        Checksum checksum = Checksums.byId(algorithm.id());
        SpaceManager space = new SpaceManager(layout);
        try (BufferPool buffers = new BufferPool(2, 1);
                NodeCache nodes = new NodeCache(new BlockStore(device), checksum, buffers, 0)) {
            Superblocks superblocks = new Superblocks(new BlockStore(device), buffers, layout.groupLog2());
            wipe(device, layout, buffers);
            Writer writer = new Writer(device, checksum, space, new BlockList(layout), buffers);
            TreeRoot tree = BTree.apply(
                    writer,
                    writer,
                    TreeRoot.NONE,
                    Namespace.formatItems(environment.clock().instant()).iterator());
            SpaceMap map = new SpaceMap(layout, device, checksum, nodes, buffers);
            BlockPointer spaceRoot =
                    map.update(writer.taken, new BlockList(layout), 1).root();
            device.flush();
            UUID uuid = new UUID(
                    (random.nextLong() & ~0xf000L) | 0x4000L,
                    (random.nextLong() & Long.MAX_VALUE >>> 1) | Long.MIN_VALUE);
            for (long generation = 1; generation <= Layout.SUPERBLOCK_SLOTS; generation++) {
                superblocks.write(new Superblock(
                        algorithm.id(),
                        features,
                        uuid,
                        label,
                        blocks,
                        layout.groupLog2(),
                        generation,
                        tree,
                        spaceRoot,
                        LogPosition.unplaced(1, random.nextLong()),
                        writer.taken.size(),
                        0,
                        0,
                        InodeMark.FIRST,
                        true,
                        false,
                        Superblock.nothingLater()));
                device.flush();
            }
        }
    }

    static void requireLabel(String label) throws HoldfastException {
        if (label.getBytes(StandardCharsets.UTF_8).length > Superblock.LABEL_BYTES_MAX) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "a label has at most " + Superblock.LABEL_BYTES_MAX + " bytes of UTF-8");
        }
    }

    /**
     * Forgets the volume that is on a device, of whatever size: the places of the copies depend on nothing, so those in
     * a volume as large as the device are all that there can be.
     */
    static void forget(Device device) throws HoldfastException {
        if (device.blocks() >= Superblock.minBlocks(Layout.GROUP_LOG2)) {
            try (BufferPool buffers = new BufferPool(1, 1)) {
                wipe(device, new Layout(device.blocks()), buffers);
            }
        }
    }

    /** Makes every place a superblock could be in unreadable as one, so that no older volume shines through. */
    private static void wipe(Device device, Layout layout, BufferPool buffers) throws HoldfastException {
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                put(device, layout.superblock(copy, slot), new byte[Block.SIZE], buffers);
            }
        }
        device.flush();
    }

    private static void put(Device device, long block, byte[] content, BufferPool buffers) throws HoldfastException {
        BlockBuffer buffer = buffers.take();
        buffer.copy(0, content);
        SealedBuffer sealed = buffer.seal(1);
        try {
            device.write(block, sealed);
        } finally {
            sealed.release();
        }
    }

    /** Allocates and writes the few nodes of an empty volume. */
    private static final class Writer implements NodeReader, RootWriter {
        private final Device device;
        private final Checksum checksum;
        private final SpaceManager space;
        private final BufferPool buffers;
        private final BlockList taken;

        Writer(Device device, Checksum checksum, SpaceManager space, BlockList taken, BufferPool buffers) {
            this.device = device;
            this.checksum = checksum;
            this.space = space;
            this.taken = taken;
            this.buffers = buffers;
        }

        @Override
        public BlockPointer write(byte[] node) throws HoldfastException {
            Run run = space.takeForMetadata(1);
            if (run == null) {
                throw new IllegalStateException("an empty volume is full");
            }
            put(device, run.start(), node, buffers);
            take(run.start());
            return new BlockPointer(run.start(), checksum.of(node));
        }

        @Override
        public long writeCopy(BlockPointer node, byte[] content) throws HoldfastException {
            Run run = space.takeApart(node.block());
            if (run == null) {
                throw new IllegalStateException("an empty volume is full");
            }
            put(device, run.start(), content, buffers);
            take(run.start());
            return run.start();
        }

        @Override
        public void take(long block) {
            taken.add(block);
        }

        @Override
        public boolean drop(long block) {
            throw new IllegalStateException("an empty volume has nothing to free");
        }

        @Override
        public byte[] read(BlockPointer pointer, String structure) {
            throw new IllegalStateException("an empty volume has nothing to read");
        }
    }
}
