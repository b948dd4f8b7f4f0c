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
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.namespace.Namespace;
import io.holdfast.node.NodeCache;
import io.holdfast.node.NodeReader;
import io.holdfast.node.NodeWriter;
import io.holdfast.space.LongList;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.Volume;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Writes empty volumes. */
final class Formatting {
    private Formatting() {}

    // ---- where a path or URI leads to ----

    static void format(DeviceSource source, FormatOptions options) throws HoldfastException {
        if (options.size() != 0) {
            requirePossible(options.size());
        }
        requireLabel(options.label());
        boolean created = source.create();
        boolean done = false;
        try {
            formatClaimed(source, options);
            done = true;
        } finally {
            if (created && !done) {
                source.remove();
            }
        }
    }

    private static void formatClaimed(DeviceSource source, FormatOptions options) throws HoldfastException {
        try (DeviceClaim claim = source.claim(true);
                FormattableDevice device = claim.openToFormat()) {
            if (!options.force()) {
                Optional<String> there = DeviceProbe.probe(device);
                if (there.isPresent()) {
                    throw new HoldfastException(
                            ErrorCode.NOT_EMPTY_DEVICE,
                            "%s holds %s; use --force to overwrite it".formatted(source, there.get()));
                }
            }
            long blocks = Block.at(options.size());
            if (blocks != 0 && blocks < device.blocks()) {
                // Otherwise the superblocks of a larger, older volume stay at the end. Their generation is higher, so
                // they would win over the new ones.
                forget(device);
            }
            device.resize(Block.offset(blocks));
            requirePossible(device.blocks() * Block.SIZE);
            format(device, options.checksum(), options.label(), InstantSource.system(), new SecureRandom());
        }
    }

    private static void requirePossible(long bytes) throws HoldfastException {
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
            Device device, ChecksumAlgorithm algorithm, String label, InstantSource clock, RandomGenerator random)
            throws HoldfastException {
        long blocks = device.blocks();
        if (blocks < Superblock.MIN_BLOCKS || blocks > Superblock.MAX_BLOCKS) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s: a volume has %s to %s, not %s; name another size"
                            .formatted(
                                    device.name(),
                                    SizeText.exact(Superblock.MIN_BLOCKS * Block.SIZE),
                                    SizeText.exact(Superblock.MAX_BLOCKS * Block.SIZE),
                                    SizeText.exact(blocks * Block.SIZE)));
        }
        requireLabel(label);
        Layout layout = new Layout(blocks);
        Checksum checksum = Checksums.byId(algorithm.id());
        SpaceManager space = new SpaceManager(layout);
        try (BufferPool buffers = new BufferPool(2, 1);
                NodeCache nodes = new NodeCache(new BlockStore(device), checksum, buffers, 0)) {
            Superblocks superblocks = new Superblocks(new BlockStore(device), buffers);
            wipe(device, layout, buffers);
            Writer writer = new Writer(device, checksum, space, buffers);
            BlockPointer tree = BTree.apply(
                    writer,
                    writer,
                    BlockPointer.NONE,
                    Namespace.formatItems(clock.instant()).iterator());
            SpaceMap map = new SpaceMap(layout, device, checksum, nodes, buffers);
            BlockPointer spaceRoot = map.update(BlockPointer.NONE, writer.changes.sorted());
            device.flush();
            UUID uuid = new UUID(
                    (random.nextLong() & ~0xf000L) | 0x4000L,
                    (random.nextLong() & Long.MAX_VALUE >>> 1) | Long.MIN_VALUE);
            for (long generation = 1; generation <= Layout.SUPERBLOCK_SLOTS; generation++) {
                superblocks.write(
                        new Superblock(
                                algorithm.id(),
                                uuid,
                                label,
                                blocks,
                                generation,
                                tree,
                                spaceRoot,
                                new LogPosition(0, 1, random.nextLong(), 0, 0, 0, 0, 0),
                                writer.changes.size(),
                                0,
                                true),
                        layout);
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
     * Makes the volume on a device unrecognizable: wipes the superblocks at the places that the device's size gives,
     * and also at those that the volume's own size gives, if it is smaller.
     */
    static void forget(Device device) throws HoldfastException {
        try (BufferPool buffers = new BufferPool(1, 1)) {
            long volumeBlocks = blocksOfVolume(device, buffers);
            if (volumeBlocks != device.blocks() && volumeBlocks <= device.blocks()) {
                wipe(device, new Layout(volumeBlocks), buffers);
            }
            if (device.blocks() >= Superblock.MIN_BLOCKS) {
                wipe(device, new Layout(device.blocks()), buffers);
            }
        }
    }

    /** Returns how many blocks the volume on a device has; if there is none, how many the device has. */
    private static long blocksOfVolume(Device device, BufferPool buffers) {
        try {
            return new Superblocks(new BlockStore(device), buffers)
                    .read()
                    .superblock()
                    .blocks();
        } catch (HoldfastException noVolume) {
            return device.blocks();
        }
    }

    /** Zeroes every place where a superblock could be, so that an opening finds no older volume there. */
    private static void wipe(Device device, Layout layout, BufferPool buffers) throws HoldfastException {
        for (int copy = 0; copy < Layout.SUPERBLOCK_COPIES; copy++) {
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
    private static final class Writer implements NodeReader, NodeWriter {
        private final Device device;
        private final Checksum checksum;
        private final SpaceManager space;
        private final BufferPool buffers;
        private final LongList changes = new LongList();

        Writer(Device device, Checksum checksum, SpaceManager space, BufferPool buffers) {
            this.device = device;
            this.checksum = checksum;
            this.space = space;
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
        public void take(long block) {
            changes.add(SpaceMap.allocated(block));
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
