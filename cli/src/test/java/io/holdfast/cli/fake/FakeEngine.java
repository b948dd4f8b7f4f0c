package io.holdfast.cli.fake;

import io.holdfast.cli.Engine;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Volumes in memory, one for each path. As with real volumes, one opener holds a volume at a time. A file of a few
 * bytes stands in for the volume, since the control socket lies beside it.
 */
public final class FakeEngine implements Engine {
    private static final String MARK = "holdfast fake volume";

    private final Map<Path, FakeVolume> volumes = new ConcurrentHashMap<>();

    @Override
    public void format(Path device, FormatOptions options, Progress progress) throws HoldfastException {
        if (options.size() < Volume.MIN_SIZE) {
            throw new HoldfastException(ErrorCode.INVALID, device + ": a volume has at least 16 MiB");
        }
        try {
            if (Files.exists(device) && Files.size(device) > 0 && !options.force()) {
                throw new HoldfastException(
                        ErrorCode.NOT_EMPTY_DEVICE, device + " holds something; use --force to overwrite it");
            }
            Files.writeString(device, MARK, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
            volumes.put(device.toRealPath(), new FakeVolume(options));
        } catch (HoldfastException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Volume open(Path device, OpenOptions options) throws HoldfastException {
        FakeVolume volume = Optional.ofNullable(volumes.get(real(device)))
                .orElseThrow(() -> new HoldfastException(ErrorCode.NOT_A_VOLUME, device + " holds no Holdfast volume"));
        volume.hold(device, options.readOnly());
        return volume;
    }

    @Override
    public VolumeClaim claim(Path file) throws HoldfastException {
        FakeVolume volume = volumes.get(real(file));
        if (volume == null) {
            return () -> {};
        }
        volume.hold(file, false);
        return volume::close;
    }

    /** Returns the volume without opening it, so that a test can inspect or break it. */
    public FakeVolume volume(Path device) {
        return volumes.get(real(device));
    }

    private static Path real(Path device) {
        try {
            return device.toRealPath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
