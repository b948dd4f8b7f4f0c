package io.holdfast.device;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Finds what a block device of Linux lies on, and what that lies on in turn: the file or device of a loop device, the
 * disk of a partition, the parts of a device that is put together (device mapper, RAID). sysfs tells it:
 *
 * <pre>
 * /sys/dev/block/MAJOR:MINOR/partition, start      512-byte sectors in the device whose folder it is in
 *                           /loop/backing_file, offset, sizelimit
 *                           /slaves/NAME/dev
 * </pre>
 *
 * <p>Two things stay unseen: the file of a loop device if it was unlinked, or if this process's mounts do not show it
 * under its name; and what the server of a network block device has.
 */
final class UnderlyingStorage {
    /** Nobody builds so many layers. The bound also ends the search if sysfs is wrong. */
    private static final int DEPTH_MAX = 16;

    private static final int SECTOR = 512;

    private final Path sysfs;
    private final Path devices;

    UnderlyingStorage() {
        this(Path.of("/sys/dev/block"), Path.of("/dev"));
    }

    UnderlyingStorage(Path sysfs, Path devices) {
        this.sysfs = sysfs;
        this.devices = devices;
    }

    /**
     * A range of a file or device on which the one asked for lies.
     *
     * @param length bytes; {@code Long.MAX_VALUE - start} for all from there on
     * @param exclusive whether nobody else may use the range. False if others may rightly use other parts of it and it
     *     is not known which ones, or if it is a disk, whose partitions have users of their own
     */
    record Part(Path path, long start, long length, boolean exclusive) {}

    /** Where in a device the range asked for lies; {@code known} is false if that cannot be told. */
    private record Range(long start, long length, boolean known) {
        static final Range UNKNOWN = new Range(0, Long.MAX_VALUE, false);

        Range within(long offset, long bytes) {
            long left = bytes == 0 ? Long.MAX_VALUE : Math.max(0, bytes - start);
            return known
                    ? new Range(offset + start, Math.min(Math.min(length, left), Long.MAX_VALUE - offset - start), true)
                    : this;
        }
    }

    /** Returns all that lies under a block device, the nearest first; empty on a system without sysfs. */
    List<Part> of(BlockDeviceNumber number) throws IOException {
        List<Part> parts = new ArrayList<>();
        descend(sysfs.resolve(number.toString()), new Range(0, Long.MAX_VALUE, true), 0, parts);
        return parts;
    }

    private void descend(Path entry, Range range, int depth, List<Part> parts) throws IOException {
        if (depth == DEPTH_MAX || !Files.isDirectory(entry)) {
            return;
        }
        Path folder = entry.toRealPath();
        if (Files.exists(folder.resolve("partition"))) {
            Path disk = Objects.requireNonNull(folder.getParent(), "a partition is in the folder of its disk");
            Range in = range.within(number(folder.resolve("start")) * SECTOR, number(folder.resolve("size")) * SECTOR);
            add(node(disk), in, false, parts);
            descend(disk, in, depth + 1, parts);
        }
        Path loop = folder.resolve("loop");
        if (Files.exists(loop.resolve("backing_file"))) {
            Range in = range.within(number(loop.resolve("offset")), number(loop.resolve("sizelimit")));
            Path file = Path.of(text(loop.resolve("backing_file")));
            add(file, in, in.known(), parts);
            BlockDeviceNumber device =
                    Files.exists(file) ? BlockDeviceNumber.of(file).orElse(null) : null;
            if (device != null) {
                descend(sysfs.resolve(device.toString()), in, depth + 1, parts);
            }
        }
        Path slaves = folder.resolve("slaves");
        if (Files.isDirectory(slaves)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(slaves)) {
                for (Path slave : entries) {
                    // The kernel shows it as held by this device, so nobody takes it as a whole: it needs no lock.
                    descend(slave, Range.UNKNOWN, depth + 1, parts);
                }
            }
        }
    }

    private static void add(Path path, Range range, boolean exclusive, List<Part> parts) {
        if (Files.exists(path) && range.length() > 0) {
            parts.add(new Part(path, range.start(), range.length(), exclusive));
        }
    }

    /** Returns the node of a device, under the name that the kernel gives it. */
    private Path node(Path folder) throws IOException {
        for (String line : Files.readAllLines(folder.resolve("uevent"))) {
            if (line.startsWith("DEVNAME=")) {
                return devices.resolve(line.substring("DEVNAME=".length()));
            }
        }
        return devices.resolve(folder.getFileName().toString());
    }

    private static long number(Path file) throws IOException {
        try {
            return Long.parseLong(text(file));
        } catch (NumberFormatException e) {
            throw new IOException(file + " holds no number", e);
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static String text(Path file) throws IOException {
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }
}
