package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The major and minor number of a block device of Linux. They identify the device under every name of its node. */
record BlockDeviceNumber(int major, int minor) {
    private static final int TYPE_MASK = 0xF000;
    private static final int TYPE_BLOCK_DEVICE = 0x6000;
    private static final int SECTOR_SIZE = 512;

    /**
     * Returns the number of the block device at a path; empty if something else is there, or the system has no such
     * numbers.
     */
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

    /** Splits a device number of {@code stat}, as glibc's {@code gnu_dev_major} and {@code gnu_dev_minor} do. */
    static BlockDeviceNumber decode(long device) {
        long major = ((device >>> 8) & 0xFFF) | ((device >>> 32) & ~0xFFFL);
        long minor = (device & 0xFF) | ((device >>> 12) & ~0xFFL);
        return new BlockDeviceNumber((int) major, (int) minor);
    }

    /** Reads the notation of sysfs, such as {@code 8:1}. */
    static BlockDeviceNumber parse(String text) throws IOException {
        String[] parts = text.strip().split(":", 2);
        try {
            return new BlockDeviceNumber(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("'" + text.strip() + "' is not a device number such as 8:1", e);
        }
    }

    /**
     * Returns the size in bytes. The kernel gives it in sysfs, in sectors of 512 bytes, whatever sectors the device
     * has.
     */
    long bytes() throws IOException {
        Path size = Path.of("/sys/dev/block", major + ":" + minor, "size");
        try {
            return Math.multiplyExact(Long.parseLong(Files.readString(size).strip()), SECTOR_SIZE);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IOException(size + " holds no number of sectors", e);
        }
    }

    @Override
    public String toString() {
        return major + ":" + minor;
    }
}
