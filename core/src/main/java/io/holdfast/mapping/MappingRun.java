package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.Arrays;

/**
 * A block map's answers for consecutive blocks, all at one time: as {@link Mapping}, but in arrays, so that a read of
 * many blocks costs one lookup and no object for each.
 */
public final class MappingRun {
    /** Stands for a word that is not known yet. */
    static final long UNKNOWN = -1;

    private final long[] words;
    private final long[] checksums;
    private long cookie;

    MappingRun(int count) {
        words = new long[count];
        checksums = new long[count];
        Arrays.fill(words, UNKNOWN);
    }

    public int count() {
        return words.length;
    }

    /** Returns where the data of block {@code i} is. */
    public long block(int i) {
        return MapEntry.block(words[i]);
    }

    /** Returns the checksum of block {@code i}, if {@link #isChecksummed(int)}. */
    public long checksum(int i) {
        return checksums[i];
    }

    public boolean isChecksummed(int i) {
        return MapEntry.state(words[i]) == MapEntry.WRITTEN;
    }

    /** Returns whether all blocks have checksums to verify. */
    public boolean isChecksummed() {
        for (int i = 0; i < words.length; i++) {
            if (!isChecksummed(i)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether all blocks are data. */
    public boolean isData() {
        for (long word : words) {
            if (!MapEntry.isData(word)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether the other run has the same mappings, at whatever time. */
    boolean saysAs(MappingRun other) {
        return Arrays.equals(words, other.words) && Arrays.equals(checksums, other.checksums);
    }

    long cookie() {
        return cookie;
    }

    void setCookie(long generation) {
        cookie = generation;
    }

    boolean isKnown(int i) {
        return words[i] != UNKNOWN;
    }

    /** Returns the first unknown block from {@code from} on, or {@link #count}. */
    int nextUnknown(int from) {
        int i = from;
        while (i < words.length && isKnown(i)) {
            i++;
        }
        return i;
    }

    void set(int i, long word, long checksum) {
        words[i] = word;
        checksums[i] = checksum;
    }

    /** Makes every unknown block a hole. */
    void fillHoles() {
        for (int i = 0; i < words.length; i++) {
            if (!isKnown(i)) {
                words[i] = 0;
            }
        }
    }
}
