package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.checkpoint.Corrections;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** What the items of maps count, of their data and their unwritten blocks. */
final class Counts implements Part {
    private final NavigableMap<Long, CheckedVolume.MapCounts> counts;

    Counts(CheckedVolume checked) {
        // A subtree that was cut off counts, too, and its item may lie in a node that cannot be read.
        counts = checked.hasAllItems() ? checked.counts() : new TreeMap<>();
    }

    /** Returns how much more the items should count, by inode. */
    Map<Long, Corrections.Counts> counts() {
        Map<Long, Corrections.Counts> right = new HashMap<>();
        counts.forEach(
                (inode, found) -> right.put(inode, new Corrections.Counts(found.moreData(), found.moreUnwritten())));
        return right;
    }

    @Override
    public void describe(Lines lines) {
        counts.forEach((inode, right) -> lines.add(
                "map node",
                Lines.NONE,
                inode,
                "the map item of inode %s counts wrongly, and gets %d data blocks and %d unwritten ones"
                        .formatted(Long.toUnsignedString(inode), right.data(), right.unwritten()),
                ""));
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.MapCounts wrong && counts.containsKey(wrong.inode());
    }
}
