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
 * @param counts what maps have whose items count wrongly, by inode, in the trees of the last checkpoint
 */
public record Corrections(boolean isRepair, NavigableMap<byte[], Item> items, Map<Long, Counts> counts) {
    static final Corrections NONE = new Corrections(false, new TreeMap<>(Arrays::compareUnsigned), Map.of());

    /** How many blocks there are below a map, with those of subtrees that were cut off it. */
    public record Counts(long data, long unwritten) {}
}
