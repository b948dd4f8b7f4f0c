package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds out whether Linux itself uses a block device: whether it is mounted, is swap space, or is part of another
 * device. The kernel takes no file locks for these uses. Mounts in other mount namespaces stay unseen.
 */
final class BlockDeviceUse {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path SWAPS = Path.of("/proc/swaps");
    private static final int MOUNT_NUMBER_FIELD = 2;
    private static final int MOUNT_POINT_FIELD = 4;

    private BlockDeviceUse() {}

    /** Throws {@code HELD} if Linux uses the device or one of its partitions. */
    static void requireNone(Path volume, BlockDeviceNumber number) throws IOException {
        for (BlockDeviceNumber each : withPartitions(number)) {
            Optional<String> use = mount(each).or(() -> swap(each)).or(() -> holder(each));
            if (use.isPresent()) {
                throw new HoldfastException(ErrorCode.HELD, "%s is in use: %s".formatted(volume, use.get()));
            }
        }
    }

    private static List<BlockDeviceNumber> withPartitions(BlockDeviceNumber number) throws IOException {
        List<BlockDeviceNumber> all = new ArrayList<>();
        all.add(number);
        Path directory = directory(number);
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
                for (Path entry : entries) {
                    if (Files.exists(entry.resolve("partition"))) {
                        all.add(BlockDeviceNumber.parse(Files.readString(entry.resolve("dev"))));
                    }
                }
            }
        }
        return all;
    }

    /**
     * Returns where the device is mounted. Btrfs shows a device number of its own, so this also compares the source of
     * the mount: the second field after the dash.
     */
    private static Optional<String> mount(BlockDeviceNumber number) {
        for (String line : lines(MOUNTS)) {
            String[] fields = line.split(" ", -1);
            int dash = List.of(fields).indexOf("-");
            if (dash < 0 || fields.length <= dash + 2 || fields.length <= MOUNT_POINT_FIELD) {
                continue;
            }
            if (fields[MOUNT_NUMBER_FIELD].equals(number.toString()) || leadsTo(fields[dash + 2], number)) {
                return Optional.of("mounted at " + fields[MOUNT_POINT_FIELD]);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> swap(BlockDeviceNumber number) {
        return lines(SWAPS).stream()
                .map(line -> line.split("\\s+", 2)[0])
                .filter(path -> leadsTo(path, number))
                .map(path -> "as swap")
                .findFirst();
    }

    private static Optional<String> holder(BlockDeviceNumber number) {
        Path holders = directory(number).resolve("holders");
        if (!Files.isDirectory(holders)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(holders)) {
            for (Path entry : entries) {
                return Optional.of("by the device " + entry.getFileName());
            }
        } catch (IOException _) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean leadsTo(String path, BlockDeviceNumber number) {
        try {
            return path.startsWith("/dev/")
                    && BlockDeviceNumber.of(Path.of(path))
                            .filter(number::equals)
                            .isPresent();
        } catch (IOException _) {
            return false;
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException _) {
            return List.of();
        }
    }

    private static Path directory(BlockDeviceNumber number) {
        return Path.of("/sys/dev/block", number.toString());
    }
}
