package io.holdfast.checkpoint;

import io.holdfast.format.Item;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What a repair corrects in its checkpoint, beside the space map.
 *
 * @param isRepair false for every other checkpoint
 * @param items changes of items, over those of the log
 * @param counts by inode, for maps whose items count wrongly
 * @param ends the first block behind the end of each file whose lost blocks there become holes, by inode
 */
public record Corrections(
        boolean isRepair, NavigableMap<byte[], Item> items, Map<Long, Counts> counts, Map<Long, Long> ends) {
    static final Corrections NONE = new Corrections(false, new TreeMap<>(Arrays::compareUnsigned), Map.of(), Map.of());

    /** How many more blocks there are below a map than its item says, with those of subtrees that were cut off it. */
    public record Counts(long moreData, long moreUnwritten) {}
}
