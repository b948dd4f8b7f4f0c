package io.holdfast.bench.profile;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Frames by how often they were on top of a stack, and how often anywhere in one. */
final class TopFrames {
    private final Map<String, Long> own = new HashMap<>();
    private final Map<String, Long> anywhere = new HashMap<>();
    private final long total;

    /** A frame's part of all samples, in percent. */
    record Part(String frame, double ownPercent, double anywherePercent) {}

    TopFrames(StackTree tree) {
        total = Math.max(1, tree.samples());
        tree.children().forEach(child -> walk(child, new HashSet<>()));
    }

    private void walk(StackTree node, Set<String> above) {
        own.merge(node.frame(), node.own(), Long::sum);
        // A frame that calls itself counts once.
        boolean first = above.add(node.frame());
        if (first) {
            anywhere.merge(node.frame(), node.samples(), Long::sum);
        }
        node.children().forEach(child -> walk(child, above));
        if (first) {
            above.remove(node.frame());
        }
    }

    List<Part> byOwn(int count) {
        return sorted(own, count);
    }

    /** Returns frames of the project, ordered by the samples in them and their callees. */
    List<Part> byAnywhere(int count, Set<String> leaveOut) {
        Map<String, Long> rest = new HashMap<>(anywhere);
        rest.keySet().removeIf(leaveOut::contains);
        return sorted(rest, count);
    }

    private List<Part> sorted(Map<String, Long> by, int count) {
        return by.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(count)
                .map(e -> new Part(
                        e.getKey(),
                        100.0 * own.getOrDefault(e.getKey(), 0L) / total,
                        100.0 * anywhere.getOrDefault(e.getKey(), 0L) / total))
                .toList();
    }
}
