package io.holdfast.volume;

import io.holdfast.checkpoint.Superblocks;
import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Layout;
import io.holdfast.format.LogPosition;
import io.holdfast.format.Superblock;
import io.holdfast.namespace.Namespace;
import io.holdfast.space.LongList;
import io.holdfast.space.Run;
import io.holdfast.space.SpaceManager;
import io.holdfast.space.SpaceMap;
import io.holdfast.storage.BlockPointer;
import io.holdfast.storage.NodeCache;
import io.holdfast.storage.NodeReader;
import io.holdfast.storage.NodeWriter;
import io.holdfast.storage.Timing;
import io.holdfast.storage.btree.BTree;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Volumes on a {@link Device} that the caller provides, with its clock and its random numbers: what the simulator and
 * tests use. {@link Volume#format} and {@link Volume#open} do the same on files and block devices.
 */
public final class VolumeOnDevice {
    private VolumeOnDevice() {}

    /** Opens a volume; the device is closed with it, also if this fails. */
    public static Volume open(Device device, OpenOptions options, InstantSource clock, RandomGenerator random)
            throws HoldfastException {
        return open(device, options, new Environment(clock, random, Timing.SYSTEM));
    }

    /** Opens a volume, with any amount of memory; the device is closed with it, also if this fails. */
    public static Volume open(Device device, OpenOptions options, Environment environment) throws HoldfastException {
        return StoredVolume.open(device, () -> {}, options, environment);
    }

    /**
     * What a volume takes from outside besides its device.
     *
     * @param clock for the times of files
     * @param random for identities that nobody may guess or repeat
     * @param timing for background work
     */
    public record Environment(InstantSource clock, RandomGenerator random, Timing timing) {
        static Environment system() {
            return new Environment(InstantSource.system(), new SecureRandom(), Timing.SYSTEM);
        }
    }

    /** What must be back at zero when nothing runs and nothing is dirty. */
    public record Held(long reservedBlocks, int buffers, long dirtyBytes) {}

    /** Returns what a volume that was opened here holds now. */
    public static Held held(Volume volume) {
        StoredVolume stored = (StoredVolume) volume;
        return new Held(
                stored.reservedBlocks(), stored.buffersInUse(), stored.usage().dirty());
    }

    /** Writes an empty volume over all of the device. Does not look at what is there. */
    public static void format(
            Device device, ChecksumAlgorithm algorithm, String label, InstantSource clock, RandomGenerator random)
            throws HoldfastException {
        long blocks = device.blocks();
        if (blocks < Superblock.MIN_BLOCKS || blocks > Superblock.MAX_BLOCKS) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s: a volume has %s to %s, not %s; name another size"
                            .formatted(
                                    device.name(),
                                    SizeText.exact(Superblock.MIN_BLOCKS * Device.BLOCK_SIZE),
                                    SizeText.exact(Superblock.MAX_BLOCKS * Device.BLOCK_SIZE),
                                    SizeText.exact(blocks * Device.BLOCK_SIZE)));
        }
        requireLabel(label);
        Layout layout = new Layout(blocks);
        Checksum checksum = Checksums.byId(algorithm.id());
        SpaceManager space = new SpaceManager(layout);
        try (BufferPool buffers = new BufferPool(2, 1);
                NodeCache nodes = new NodeCache(device, checksum, buffers, 0)) {
            Superblocks superblocks = new Superblocks(device, buffers);
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
     * Forgets the volume that is on a device: at the places that the device's size gives, and at those that the volume's own
     * size gives, should that be another one.
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

    /** Returns how many blocks the volume on a device has; as many as the device if there is none. */
    private static long blocksOfVolume(Device device, BufferPool buffers) {
        try {
            return new Superblocks(device, buffers).read().superblock().blocks();
        } catch (HoldfastException noVolume) {
            return device.blocks();
        }
    }

    /** Makes every place a superblock could be in unreadable as one, so that no older volume shines through. */
    private static void wipe(Device device, Layout layout, BufferPool buffers) throws HoldfastException {
        for (int copy = 0; copy < Layout.SUPERBLOCK_COPIES; copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                put(device, layout.superblock(copy, slot), new byte[Device.BLOCK_SIZE], buffers);
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

    /** Writes the few nodes of an empty volume. */
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
            changes.add(SpaceMap.allocated(run.start()));
            return new BlockPointer(run.start(), checksum.of(node));
        }

        @Override
        public void free(BlockPointer pointer) {
            throw new IllegalStateException("an empty volume has nothing to free");
        }

        @Override
        public byte[] read(BlockPointer pointer, String structure) {
            throw new IllegalStateException("an empty volume has nothing to read");
        }
    }
}
