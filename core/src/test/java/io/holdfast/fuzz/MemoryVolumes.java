package io.holdfast.fuzz;

import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;

/** Volumes for targets that are behind a door: each input gets a volume of its own, which is always the same. */
public final class MemoryVolumes {
    public static final String FILE = "/vm/disk";
    public static final long FILE_BYTES = 256 << 10;

    private static final long BLOCKS = 4096;
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));

    private final MemoryDevice image = new MemoryDevice("image", BLOCKS);

    public MemoryVolumes() throws HoldfastException {
        VolumeOnDevice.format(image, ChecksumAlgorithm.CRC32C, "", CLOCK, new Random(1));
        try (Volume volume = open(image)) {
            volume.mkdir("/vm", CreateOptions.directory());
            try (StoredFile file = volume.create(FILE, CreateOptions.file().withSize(FILE_BYTES))) {
                file.write(8192, MemorySegment.ofArray(new byte[] {1, 2, 3}));
                file.allocate(100_000, 50_000);
            }
            volume.symlink("/vm/link", FILE);
            volume.setXattr(FILE, "user.a", new byte[] {7});
        }
    }

    public Volume open() throws HoldfastException {
        return open(image.copy());
    }

    private static Volume open(MemoryDevice device) throws HoldfastException {
        OpenOptions options = OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY);
        return VolumeOnDevice.open(device, options, CLOCK, new Random(2));
    }
}
