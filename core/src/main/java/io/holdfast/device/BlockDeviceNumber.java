package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The major and minor number of a block device of Linux: its identity, whatever its node is called and wherever it
 * lies.
 */
record BlockDeviceNumber(int major, int minor) {
    private static final int TYPE_MASK = 0xF000;
    private static final int TYPE_BLOCK_DEVICE = 0x6000;
    private static final int SECTOR_SIZE = 512;

    /** Returns the number if the path leads to a block device, on a system that has such things. */
    static Optional<BlockDeviceNumber> of(Path path) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return Optional.empty();
        }
        Map<String, Object> attributes = Files.readAttributes(path, "unix:mode,rdev");
        if (!(attributes.get("mode") instanceof Integer mode)
                || !(attributes.get("rdev") instanceof Long device)
                || (mode & TYPE_MASK) != TYPE_BLOCK_DEVICE) {
            return Optional.empty();
        }
        return Optional.of(decode(device));
    }

    /** Takes apart a device number as {@code stat} returns it (glibc's {@code gnu_dev_major} and {@code _minor}). */
    static BlockDeviceNumber decode(long device) {
        long major = ((device >>> 8) & 0xFFF) | ((device >>> 32) & ~0xFFFL);
        long minor = (device & 0xFF) | ((device >>> 12) & ~0xFFL);
        return new BlockDeviceNumber((int) major, (int) minor);
    }

    /** Reads the notation of sysfs, {@code 8:1}. */
    static BlockDeviceNumber parse(String text) throws IOException {
        String[] parts = text.strip().split(":", 2);
        try {
            return new BlockDeviceNumber(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("no device number: " + text, e);
        }
    }

    /** Returns the size the kernel gives in sysfs, which counts in sectors of 512 bytes whatever the device has. */
    long bytes() throws IOException {
        Path size = Path.of("/sys/dev/block", major + ":" + minor, "size");
        try {
            return Math.multiplyExact(Long.parseLong(Files.readString(size).strip()), SECTOR_SIZE);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IOException("cannot make sense of " + size, e);
        }
    }

    @Override
    public String toString() {
        return major + ":" + minor;
    }
}
