package io.holdfast.cli.copy;

import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Exports over a block device, in place.
 *
 * <p>Invariants: nothing is written unless the whole copy fits. While this is open, nobody else may use the device.
 */
final class DeviceTarget implements Target {
    private static final int ZERO_BYTES = 1 << 20;

    private final Path device;
    private final FileChannel channel;
    private final Optional<NativeFile> exclusive;
    private final VolumeClaim claim;
    private long position;

    private DeviceTarget(Path device, FileChannel channel, Optional<NativeFile> exclusive, VolumeClaim claim) {
        this.device = device;
        this.channel = channel;
        this.exclusive = exclusive;
        this.claim = claim;
    }

    /** Opens; {@code claim} is given up with the target. */
    static DeviceTarget open(Path device, long size, VolumeClaim claim) throws IOException {
        Optional<NativeFile> exclusive = NativeFile.claimDevice(device);
        FileChannel channel = null;
        boolean done = false;
        try {
            channel = FileChannel.open(exclusive.map(NativeFile::path).orElse(device), StandardOpenOption.WRITE);
            long room = channel.size();
            if (Long.compareUnsigned(room, size) < 0) {
                throw new FileSystemException(
                        device.toString(),
                        null,
                        "has " + Sizes.exact(room) + ", too little for " + Sizes.exact(size) + "; nothing was written");
            }
            done = true;
            return new DeviceTarget(device, channel, exclusive, claim);
        } finally {
            if (!done) {
                exclusive.ifPresent(NativeFile::close);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        zeroTo(offset);
        put(data);
    }

    /** Zeroes the device up to an offset: where the file has a hole, the device still has old data. */
    private void zeroTo(long offset) throws IOException {
        if (position >= offset) {
            return;
        }
        ByteBuffer zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
        while (position < offset) {
            put(zeroes.clear().limit((int) Math.min(ZERO_BYTES, offset - position)));
        }
    }

    private void put(ByteBuffer data) throws IOException {
        try {
            while (data.hasRemaining()) {
                position += channel.write(data, position);
            }
        } catch (IOException e) {
            throw IoFailures.named(device + " at offset " + position, e);
        }
    }

    @Override
    public void finish(long size) throws IOException {
        zeroTo(size);
        try {
            channel.force(true);
        } catch (IOException e) {
            throw IoFailures.named(device.toString(), e);
        }
    }

    @Override
    public void close() throws IOException {
        try (claim) {
            channel.close();
        } finally {
            exclusive.ifPresent(NativeFile::close);
        }
    }
}
