package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.Device;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.OpenOptions;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Small volumes in memory for the tests of the whole engine. */
final class TestVolumes {
    private TestVolumes() {}

    /** Returns a freshly formatted device. */
    static MemoryDevice formatted(int mebibytes, ChecksumAlgorithm algorithm, long seed) throws HoldfastException {
        MemoryDevice device = new MemoryDevice("memory", (long) mebibytes << 8);
        VolumeOnDevice.format(device, algorithm, "test", InstantSource.system(), new Random(seed));
        return device;
    }

    static MemoryDevice formatted(int mebibytes) throws HoldfastException {
        return formatted(mebibytes, ChecksumAlgorithm.CRC32C, 1);
    }

    /** Opens a volume with as little memory as is allowed; the device is closed with it. */
    static StoredVolume open(Device device, long seed) throws HoldfastException {
        return open(device, OpenOptions.MIN_MEMORY, seed);
    }

    static StoredVolume open(Device device, long memory, long seed) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                device, OpenOptions.readWrite().withMemory(memory), InstantSource.system(), new Random(seed));
    }

    static StoredVolume openReadOnly(Device device) throws HoldfastException {
        return (StoredVolume) VolumeOnDevice.open(
                device,
                OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY),
                InstantSource.system(),
                new Random(1));
    }

    /** Wraps a device so that it outlives the volume on it; writes go straight through. */
    static FaultDevice through(MemoryDevice device) {
        return new FaultDevice(device, 0);
    }

    /** Checks that a volume on which nothing runs has given back every promise and every buffer. */
    static void assertAtRest(StoredVolume volume) throws HoldfastException {
        volume.sync();
        assertThat(volume.usage().dirty()).as("dirty bytes at rest").isZero();
        assertThat(volume.reservedBlocks()).as("reserved blocks at rest").isZero();
        // The background may be writing a checkpoint or freeing a file; with a checkpoint of ours it has written what
        // was asked for before, and a buffer is held for the time of one I/O only.
        // That thread may not get a processor for a while.
        // So one moment at which none is held is enough.
        long giveUp = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        boolean atRest = volume.buffersInUse() == 0;
        while (!atRest && System.nanoTime() < giveUp) {
            volume.checkpoint();
            atRest = volume.buffersInUse() == 0;
        }
        assertThat(atRest).as("no buffer is in use at rest").isTrue();
    }
}
