package io.holdfast.cli.copy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens the target of an export. Before it changes anything it refuses targets that must not be overwritten: the volume
 * that is read, any volume that a process has open, a device that the system uses, and anything but a file or a block
 * device.
 */
public final class Targets {
    private static final Path STANDARD_OUTPUT = Path.of("/dev/stdout");

    private final Path volume;
    private final Claiming claiming;
    private final @Nullable SyncBatch later;

    /** Keeps everybody else off the file that is overwritten. */
    @FunctionalInterface
    public interface Claiming {
        VolumeClaim claim(Path file) throws HoldfastException;
    }

    /** Makes targets for copies out of {@code volume}. */
    public Targets(Path volume, Claiming claiming) {
        this(volume, claiming, null);
    }

    /**
     * Makes targets for many copies.
     *
     * @param later makes new files durable; null to have it done at the end of each copy
     */
    public Targets(Path volume, Claiming claiming, @Nullable SyncBatch later) {
        this.later = later;
        this.volume = volume;
        this.claiming = claiming;
    }

    /** Fails if standard output is the volume: the export would destroy it. */
    public void requireOtherOutput() throws IOException {
        if (Files.exists(STANDARD_OUTPUT) && isVolume(STANDARD_OUTPUT)) {
            throw itself("standard output");
        }
    }

    /** Opens the target of a copy of {@code size} bytes. An existing file is replaced only with {@code overwrite}. */
    public Target open(Path file, boolean overwrite, long size) throws IOException {
        if (!isThere(file)) {
            return FileTarget.create(file, later);
        }
        HostFileKind kind = HostFileKind.of(file);
        return switch (kind) {
            case PIPE -> StreamTarget.pipe(file.toString(), FileChannel.open(file, StandardOpenOption.WRITE));
            case REGULAR, BLOCK_DEVICE -> overwriteIf(overwrite, file, kind, size);
            case DIRECTORY -> throw kind.refusal(file, "name a file in it");
            case CHARACTER_DEVICE, SOCKET, OTHER ->
                throw kind.refusal(file, "to write there, export to - and redirect standard output");
        };
    }

    /** Returns whether a block device is at the path. */
    public boolean isDevice(Path file) throws IOException {
        return isThere(file) && HostFileKind.of(file) == HostFileKind.BLOCK_DEVICE;
    }

    /** Returns whether a pipe is at the path. */
    public boolean isStream(Path file) throws IOException {
        return isThere(file) && HostFileKind.of(file) == HostFileKind.PIPE;
    }

    /** Returns whether the file exists. Fails, before anything is copied, if there can be no such file. */
    private static boolean isThere(Path file) throws IOException {
        try {
            Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private Target overwriteIf(boolean overwrite, Path file, HostFileKind kind, long size) throws IOException {
        if (isVolume(file)) {
            throw itself(file.toString());
        }
        if (!overwrite) {
            throw new FileAlreadyExistsException(file.toString());
        }
        return overwrite(file, kind, size);
    }

    private Target overwrite(Path file, HostFileKind kind, long size) throws IOException {
        VolumeClaim claim = claiming.claim(file);
        boolean done = false;
        try {
            Target target = kind == HostFileKind.BLOCK_DEVICE
                    ? DeviceTarget.open(file, size, claim)
                    : FileTarget.replace(file, claim);
            done = true;
            return target;
        } finally {
            if (!done) {
                claim.close();
            }
        }
    }

    private boolean isVolume(Path file) throws IOException {
        return Files.exists(volume) && (Files.isSameFile(file, volume) || isLoopOverVolume(file));
    }

    /** Returns whether this is a loop device, or a partition of one, on the volume's file. */
    private boolean isLoopOverVolume(Path file) throws IOException {
        if (HostFileKind.of(file) != HostFileKind.BLOCK_DEVICE) {
            return false;
        }
        long number = (Long) Files.getAttribute(file, "unix:rdev");
        long major = ((number >>> 8) & 0xFFF) | ((number >>> 32) & ~0xFFFL);
        long minor = (number & 0xFF) | ((number >>> 12) & ~0xFFL);
        for (String place : List.of("loop/backing_file", "../loop/backing_file")) {
            Path backing = Path.of("/sys/dev/block", major + ":" + minor, place);
            if (Files.exists(backing)) {
                Path below = Path.of(Files.readString(backing).strip());
                return Files.exists(below) && Files.isSameFile(below, volume);
            }
        }
        return false;
    }

    private static HoldfastException itself(String file) {
        return new HoldfastException(
                ErrorCode.INVALID, file + " is the volume that the file is in, which would be destroyed");
    }
}
