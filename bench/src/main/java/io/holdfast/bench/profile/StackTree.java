package io.holdfast.bench.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Stack samples, summed up by their common beginnings. One thread fills it. */
final class StackTree {
    private final String frame;
    private final Map<String, StackTree> children = new LinkedHashMap<>();
    private long samples;

    StackTree(String frame) {
        this.frame = frame;
    }

    /** Adds a stack, outermost frame first. */
    void add(List<String> stack, long weight) {
        samples += weight;
        StackTree at = this;
        for (String name : stack) {
            at = at.children.computeIfAbsent(name, StackTree::new);
            at.samples += weight;
        }
    }

    String frame() {
        return frame;
    }

    long samples() {
        return samples;
    }

    /** Returns the samples in this frame itself, without its callees. */
    long own() {
        return samples - children.values().stream().mapToLong(c -> c.samples).sum();
    }

    /** Returns the callees, sorted by name, so that the same code is at the same place in two graphs. */
    List<StackTree> children() {
        return children.values().stream()
                .sorted(java.util.Comparator.comparing(StackTree::frame))
                .toList();
    }
}
