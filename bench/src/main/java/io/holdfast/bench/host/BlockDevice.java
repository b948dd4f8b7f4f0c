package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The disk that a folder lies on, and the kernel's counters for it, which include all processes. */
public final class BlockDevice {
    private static final int SECTOR_BYTES = 512;
    private static final int WRITES = 4;
    private static final int SECTORS_WRITTEN = 6;
    private static final int IN_FLIGHT = 8;
    private static final int FLUSHES = 15;

    private final Path sys;

    private BlockDevice(Path sys) {
        this.sys = sys;
    }

    /** Finds the disk that a folder is on. */
    public static BlockDevice under(Path folder) throws IOException {
        long number = (Long) Files.getAttribute(folder, "unix:dev");
        long major = (number >>> 8) & 0xfff;
        long minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
        Path sys = Path.of("/sys/dev/block", major + ":" + minor);
        if (!Files.exists(sys.resolve("stat"))) {
            throw new IOException(
                    "%s is on no disk (device %d:%d), so it cannot be measured there; name a folder on a disk"
                            .formatted(folder, major, minor));
        }
        return new BlockDevice(sys.toRealPath());
    }

    public String name() {
        return sys.getFileName().toString();
    }

    /** Returns the disk's cache mode; «write back» means a volatile cache, so that a flush matters. */
    public String writeCache() {
        for (Path folder : new Path[] {sys, sys.getParent()}) {
            Path file = folder.resolve("queue/write_cache");
            if (Files.exists(file)) {
                try {
                    return Files.readString(file).strip();
                } catch (IOException e) {
                    return "unknown";
                }
            }
        }
        return "unknown";
    }

    public long bytesWritten() throws IOException {
        return field(SECTORS_WRITTEN) * SECTOR_BYTES;
    }

    public long writes() throws IOException {
        return field(WRITES);
    }

    public long flushes() throws IOException {
        return field(FLUSHES);
    }

    private long field(int index) throws IOException {
        String[] fields = Files.readString(sys.resolve("stat")).strip().split(" +", -1);
        return index < fields.length ? Long.parseLong(fields[index]) : 0;
    }

    /**
     * Waits, up to a limit, for a moment without requests in flight, since background writes of others would disturb.
     */
    public void awaitIdle(double secondsMax) throws IOException {
        long end = System.nanoTime() + (long) (secondsMax * 1e9);
        int quiet = 0;
        long writes = writes();
        while (quiet < 4 && System.nanoTime() < end) {
            Pause.seconds(0.05);
            long now = writes();
            quiet = field(IN_FLIGHT) == 0 && now == writes ? quiet + 1 : 0;
            writes = now;
        }
    }
}
