package io.holdfast.format;

import java.util.ArrayList;
import java.util.List;

/**
 * What a volume uses beyond the first release of the format, in three sets of bits. A bit is in the durable superblock
 * before anything else of the feature is on the device.
 *
 * @param incompatible a version that does not know one of these can do nothing with the volume
 * @param readOnlyCompatible a version that does not know one of these can read the volume and must not write to it
 * @param compatible a version that does not know one of these can write to the volume, and keeps the bit and the
 *     feature's bytes in the superblock
 */
public record Features(long incompatible, long readOnlyCompatible, long compatible) {
    public static final Features NONE = new Features(0, 0, 0);

    /**
     * Bits of {@code incompatible}: places for these are in the format. Nothing uses them yet but what is lost. In the order of
     * the bits.
     */
    private static final List<String> RESERVED = List.of(
            "compressed runs",
            "blocks shared by files",
            "several devices",
            "nodes that were lost",
            "encryption",
            "snapshots of the volume",
            "parts of the metadata tree that were lost");

    /** The same of {@code readOnlyCompatible}. */
    private static final List<String> RESERVED_FOR_READING = List.of("dirty bitmaps", "policies of files", "quotas");

    private static final long LOST_NODES = 1L << 3;
    private static final long LOST_KEYS = 1L << 6;
    /** The first bit of {@code compatible}. */
    private static final long PREALLOCATED = 1L;

    /** Which bits this version knows. */
    private static final Features KNOWN = new Features(LOST_NODES | LOST_KEYS, 0, PREALLOCATED);

    static Features decode(byte[] b, int at) {
        return new Features(
                LittleEndian.getLong(b, at), LittleEndian.getLong(b, at + 8), LittleEndian.getLong(b, at + 16));
    }

    void encode(byte[] b, int at) {
        LittleEndian.putLong(b, at, incompatible);
        LittleEndian.putLong(b, at + 8, readOnlyCompatible);
        LittleEndian.putLong(b, at + 16, compatible);
    }

    /** Returns these features and that parts of maps are lost. */
    public Features withLostNodes() {
        return new Features(incompatible | LOST_NODES, readOnlyCompatible, compatible);
    }

    /** Returns these features, and no part of a map is lost. */
    public Features withoutLostNodes() {
        return new Features(incompatible & ~LOST_NODES, readOnlyCompatible, compatible);
    }

    /** Returns whether parts of maps are lost. */
    public boolean haveLostNodes() {
        return (incompatible & LOST_NODES) != 0;
    }

    /** Returns these features, and whether ranges of keys of the metadata tree are lost. */
    public Features withLostKeys(boolean some) {
        return new Features(
                some ? incompatible | LOST_KEYS : incompatible & ~LOST_KEYS, readOnlyCompatible, compatible);
    }

    /** Returns whether ranges of keys of the metadata tree are lost. */
    public boolean haveLostKeys() {
        return (incompatible & LOST_KEYS) != 0;
    }

    /** Returns these features and that the volume's file takes all of its space beforehand. */
    public Features withPreallocated() {
        return new Features(incompatible, readOnlyCompatible, compatible | PREALLOCATED);
    }

    /** Returns whether the volume's file takes all of its space beforehand, also when the volume grows. */
    public boolean arePreallocated() {
        return (compatible & PREALLOCATED) != 0;
    }

    /** Returns whether none of them has bytes of its own in the superblock. */
    boolean needNoBytes() {
        return (incompatible & ~(LOST_NODES | LOST_KEYS)) == 0
                && readOnlyCompatible == 0
                && (compatible & ~PREALLOCATED) == 0;
    }

    /** Returns whether this version can read a volume with these features. */
    public boolean canRead() {
        return (incompatible & ~KNOWN.incompatible) == 0;
    }

    /** Returns whether this version can write to a volume with these features. */
    public boolean canWrite() {
        return canRead() && (readOnlyCompatible & ~KNOWN.readOnlyCompatible) == 0;
    }

    /** Names what keeps this version from reading the volume. */
    public String unreadable() {
        return named(incompatible & ~KNOWN.incompatible, RESERVED);
    }

    /** Names what keeps this version from writing to the volume. */
    public String unwritable() {
        return named(readOnlyCompatible & ~KNOWN.readOnlyCompatible, RESERVED_FOR_READING);
    }

    private static String named(long bits, List<String> names) {
        List<String> found = new ArrayList<>();
        for (long left = bits; left != 0; left &= left - 1) {
            int bit = Long.numberOfTrailingZeros(left);
            found.add(bit < names.size() ? names.get(bit) : "feature " + bit);
        }
        return String.join(", ", found);
    }
}
