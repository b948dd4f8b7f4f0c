package io.holdfast.volume;

/**
 * How to open a volume.
 *
 * @param readOnly take no write; the log is replayed in memory only and nothing is written to the device
 * @param memory bytes for the page cache, cached map nodes and pending changes together; 0 means a quarter of the
 *     machine's memory and at most 1 GiB. At least {@link #MIN_MEMORY}.
 * @param directIo open the device with O_DIRECT where its file system takes it
 */
public record OpenOptions(boolean readOnly, long memory, boolean directIo) {
    /** The least a volume can be run with: 16 MiB. */
    public static final long MIN_MEMORY = 16L << 20;

    public static OpenOptions readWrite() {
        return new OpenOptions(false, 0, true);
    }

    public static OpenOptions reading() {
        return new OpenOptions(true, 0, true);
    }

    public OpenOptions withMemory(long bytes) {
        return new OpenOptions(readOnly, bytes, directIo);
    }
}
