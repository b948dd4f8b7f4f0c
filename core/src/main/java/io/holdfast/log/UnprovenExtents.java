package io.holdfast.log;

import io.holdfast.format.LogEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The extents written from callers' own memory and not yet known to be on the medium, for each file in the order of
 * writing. The write log's lock guards them.
 */
final class UnprovenExtents {
    private final Map<Long, List<LogEntry.Extent>> ofInode = new HashMap<>();
    private long bytes;

    boolean isEmpty() {
        return ofInode.isEmpty();
    }

    boolean has(long inode) {
        return ofInode.containsKey(inode);
    }

    /** Returns how many bytes they take in the log. */
    long bytes() {
        return bytes;
    }

    void add(long inode, List<LogEntry.Extent> extents) {
        for (LogEntry.Extent extent : extents) {
            bytes += extent.encodedBytes();
        }
        ofInode.computeIfAbsent(inode, k -> new ArrayList<>()).addAll(extents);
    }

    /** Returns how many there are for each file; a device flush that begins now proves these. */
    Map<Long, Integer> counts() {
        Map<Long, Integer> counts = new HashMap<>();
        ofInode.forEach((inode, extents) -> counts.put(inode, extents.size()));
        return counts;
    }

    /** Takes out the first extents of each file, as many as were counted, and hands them on in order. */
    void takeProven(Map<Long, Integer> counted, Consumer<LogEntry.Extent> proven) {
        counted.forEach((inode, count) -> {
            List<LogEntry.Extent> extents = ofInode.getOrDefault(inode, new ArrayList<>());
            List<LogEntry.Extent> first = extents.subList(0, count);
            for (LogEntry.Extent extent : first) {
                bytes -= extent.encodedBytes();
                proven.accept(extent);
            }
            first.clear();
            if (extents.isEmpty()) {
                ofInode.remove(inode);
            }
        });
    }
}
