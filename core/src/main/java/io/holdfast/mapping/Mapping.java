package io.holdfast.mapping;

import io.holdfast.format.MapEntry;

/**
 * What a block map said about one block, and when.
 *
 * @param cookie the map's generation at that time: who has waited since must ask {@link BlockMap#isCurrent} before
 *     acting on the mapping (iomap's validity cookie, Linux commit d7b64041164c)
 */
public record Mapping(long word, long checksum, long cookie) {
    public boolean isData() {
        return MapEntry.isData(word);
    }

    public boolean isUnwritten() {
        return MapEntry.state(word) == MapEntry.UNWRITTEN;
    }

    public long block() {
        return MapEntry.block(word);
    }

    /** Returns whether there is a checksum to verify. */
    public boolean isChecksummed() {
        return MapEntry.state(word) == MapEntry.WRITTEN;
    }
}
