package io.holdfast.volume;

/**
 * How to open a volume.
 *
 * @param readOnly refuse all writes. Recovery then replays the log in memory only, and nothing is written to the device
 * @param memory bytes for the page cache, cached map nodes and pending changes together, from {@link #MIN_MEMORY} to
 *     {@link #MAX_MEMORY}. 0 means a quarter of the machine's memory, at least {@link #MIN_MEMORY} and at most 1 GiB
 * @param directIo open the device with O_DIRECT if its file system allows it
 * @param io how to read and write the device. {@code plain} is Java's file I/O, which every platform has. {@code uring}
 *     is Linux's io_uring, if the module {@code linux} is on the class path. {@code auto} takes the one that needs the
 *     least CPU time of those that work here
 * @param errors hears of errors of the device and of damage
 * @param recovery hears how far the replay of the log is, in bytes of memory for changes. The total is the most that the log can
 *     need, so the replay usually ends before that
 * @param rescue open the volume, read-only, whatever is damaged, as long as one superblock and the root of its metadata tree
 *     can be read: see {@link #rescuing}
 * @param discard whether free space is given back to what the volume lies on, in the background; not unless {@link #withDiscard} says so
 */
public record OpenOptions(
        boolean readOnly,
        long memory,
        boolean directIo,
        String io,
        ErrorListener errors,
        Progress recovery,
        boolean rescue,
        Discard discard) {
    public OpenOptions {
        if (rescue && !readOnly) {
            throw new IllegalArgumentException("a rescue writes nothing to the volume");
        }
    }

    /** The least memory that a volume can run with: 16 MiB. */
    public static final long MIN_MEMORY = 16L << 20;

    /** The most memory that may be asked for, beyond any machine: 1 PiB. */
    public static final long MAX_MEMORY = 1L << 50;

    /** The system property that sets {@link #io} where the caller names none; without it, {@code auto}. */
    public static final String IO_PROPERTY = "holdfast.io";

    public static OpenOptions readWrite() {
        return new OpenOptions(false, 0, true, ioOfProcess(), ErrorListener.NONE, Progress.NONE, false, Discard.OFF);
    }

    public static OpenOptions reading() {
        return new OpenOptions(true, 0, true, ioOfProcess(), ErrorListener.NONE, Progress.NONE, false, Discard.OFF);
    }

    /**
     * Opens read-only what is left of a damaged volume. If the newest checkpoint cannot be read, it is the one before. Lists
     * leave out what cannot be read; {@link Volume#damage} tells what that is. All that is read has its checksum verified, as
     * ever.
     */
    public static OpenOptions rescuing() {
        return new OpenOptions(true, 0, true, ioOfProcess(), ErrorListener.NONE, Progress.NONE, true, Discard.OFF);
    }

    public OpenOptions withMemory(long bytes) {
        return new OpenOptions(readOnly, bytes, directIo, io, errors, recovery, rescue, discard);
    }

    public OpenOptions withIo(String name) {
        return new OpenOptions(readOnly, memory, directIo, name, errors, recovery, rescue, discard);
    }

    public OpenOptions withErrors(ErrorListener listener) {
        return new OpenOptions(readOnly, memory, directIo, io, listener, recovery, rescue, discard);
    }

    public OpenOptions withRecovery(Progress listener) {
        return new OpenOptions(readOnly, memory, directIo, io, errors, listener, rescue, discard);
    }

    public OpenOptions withDiscard(Discard when) {
        return new OpenOptions(readOnly, memory, directIo, io, errors, recovery, rescue, when);
    }

    /** Returns these options for a volume that is not written to. */
    public OpenOptions asReadOnly() {
        return new OpenOptions(true, memory, directIo, io, errors, recovery, rescue, discard);
    }

    private static String ioOfProcess() {
        return System.getProperty(IO_PROPERTY, "auto");
    }
}
