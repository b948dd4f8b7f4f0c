package io.holdfast.mapping;

import io.holdfast.format.MapEntry;

/**
 * A block map's answer for one block, and its time.
 *
 * @param cookie the map's generation at that time: a caller that has waited since must ask {@link BlockMap#isCurrent}
 *     before it acts on the mapping (iomap's validity cookie, Linux commit d7b64041164c)
 */
public record Mapping(long word, long checksum, long cookie) {
    public boolean isData() {
        return MapEntry.isData(word);
    }

    public boolean isUnwritten() {
        return MapEntry.state(word) == MapEntry.UNWRITTEN;
    }

    /** Returns whether nobody knows what the block has: a node of the map could not be read. */
    public boolean isLost() {
        return MapEntry.state(word) == MapEntry.LOST;
    }

    /** Returns whether the block reads as zeroes: it is a hole or unwritten. */
    public boolean isZeroes() {
        return !isData() && !isLost();
    }

    public long block() {
        return MapEntry.block(word);
    }

    /** Returns whether there is a checksum to verify. */
    public boolean isChecksummed() {
        return MapEntry.state(word) == MapEntry.WRITTEN;
    }
}
