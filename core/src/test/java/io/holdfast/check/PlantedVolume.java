package io.holdfast.check;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;

/** A small volume with one of everything, its inode numbers, and the check of a damaged copy of it. */
final class PlantedVolume {
    /** So many that the space map has four leaves and an index node above them. */
    static final long BLOCKS = 100_000;

    /** Leaves of the block map of {@code /data} that have data, and their blocks: so it has two levels. */
    static final int DATA_BLOCKS = 300;

    /** Blocks preallocated behind the data. */
    static final int UNWRITTEN_BLOCKS = 100;

    private static final int FILES = 120;
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));

    /** The image of the volume after it was closed. */
    final MemoryDevice closed;
    /** The image while it was open: with the records of a log behind the last checkpoint. */
    final MemoryDevice crashed;

    final long data;
    final long raw;
    final long canary;
    final long link;
    final long directory;
    final long subdirectory;
    final long middle;
    final long attributed;

    PlantedVolume() throws Exception {
        closed = new MemoryDevice("image", BLOCKS);
        VolumeOnDevice.format(closed, ChecksumAlgorithm.CRC32C, "planted", CLOCK, new Random(1));
        try (Volume volume = VolumeOnDevice.open(
                closed, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(2))) {
            data = file(volume, "/data", CreateOptions.file(), DATA_BLOCKS);
            try (StoredFile file = volume.open("/data")) {
                file.allocate((long) DATA_BLOCKS * Block.SIZE, (long) UNWRITTEN_BLOCKS * Block.SIZE);
            }
            raw = file(volume, "/raw", CreateOptions.file().withoutChecksum(), 3);
            volume.mkdir("/dir", CreateOptions.directory());
            volume.mkdir("/dir/sub", CreateOptions.directory());
            volume.setXattr("/", Planter.ROOM, new byte[900]);
            directory = volume.status("/dir").inode();
            subdirectory = volume.status("/dir/sub").inode();
            volume.symlink("/link", "/" + "t".repeat(3999));
            link = volume.status("/link").inode();
            attributed = file(volume, "/attributed", CreateOptions.file(), 1);
            volume.setXattr("/attributed", "user.long", new byte[3000]);
            for (int i = 0; i < FILES; i++) {
                file(volume, "/dir/file" + i, CreateOptions.file(), 0);
            }
            middle = volume.status("/dir/file" + FILES / 2).inode();
            canary = file(volume, "/canary", CreateOptions.file(), 1);
        }
        MemoryDevice open = closed.copy();
        try (Volume volume = VolumeOnDevice.open(
                open, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(3))) {
            file(volume, "/late0", CreateOptions.file(), 4);
            // One change that does not fit the header of a record.
            volume.setXattr("/dir/file0", "user.a", new byte[20_000]);
            volume.sync();
            file(volume, "/late1", CreateOptions.file(), 4);
            file(volume, "/late2", CreateOptions.file(), 4);
            crashed = open.copy();
        }
    }

    private static long file(Volume volume, String path, CreateOptions options, int blocks) throws Exception {
        try (StoredFile file = volume.create(path, options)) {
            for (int i = 0; i < blocks; i++) {
                file.write((long) i * Block.SIZE, content(path, i));
            }
            file.flush();
            return file.inode();
        }
    }

    private static MemorySegment content(String path, int block) {
        byte[] bytes = new byte[Block.SIZE];
        new Random(path.hashCode() * 31L + block).nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    static Volume openReadOnly(Device device) throws Exception {
        return VolumeOnDevice.open(
                device, OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(4));
    }

    static Volume openToRescue(Device device) throws Exception {
        return VolumeOnDevice.open(
                device, OpenOptions.rescuing().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(4));
    }

    static Volume openReadWrite(Device device) throws Exception {
        return VolumeOnDevice.open(
                device, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), CLOCK, new Random(4));
    }

    /** Checks an image, also with so little memory that many passes are needed: these must find the same. */
    static CheckReport check(MemoryDevice device) throws Exception {
        CheckReport report;
        try (Volume volume = openReadOnly(device.copy())) {
            report = volume.check(Progress.NONE);
        }
        ManyPasses.requireSame(report, ManyPasses.check(device, Layout.GROUP_LOG2));
        return report;
    }

    /** Reads the canary's only block and compares it. */
    static void assertReadable(Volume volume) throws Exception {
        try (StoredFile file = volume.open("/canary")) {
            MemorySegment read = MemorySegment.ofArray(new byte[Block.SIZE]);
            assertThat(file.read(0, read)).isEqualTo(Block.SIZE);
            assertThat(read.mismatch(content("/canary", 0))).isEqualTo(-1);
        }
    }

    /** Makes a key as {@code NamespaceKeys} says. */
    static byte[] key(long inode, int type, byte... suffix) {
        return ByteBuffer.allocate(9 + suffix.length)
                .putLong(inode)
                .put((byte) type)
                .put(suffix)
                .array();
    }

    static byte[] key(long inode, int type, String suffix) {
        return key(inode, type, suffix.getBytes(UTF_8));
    }
}
