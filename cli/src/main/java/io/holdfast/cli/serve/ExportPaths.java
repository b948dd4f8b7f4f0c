package io.holdfast.cli.serve;

import io.holdfast.cli.command.Listing;
import io.holdfast.cli.text.Names;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.Volume;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The regular files of a volume that are shown when its server starts.
 *
 * @param shown the first few paths
 * @param more how many others there are
 * @param exact false if the counting stopped early
 */
record ExportPaths(List<String> shown, long more, boolean exact) {
    static final int SHOWN_MAX = 20;
    private static final int VISITED_MAX = 10_000;

    static ExportPaths of(Volume volume) throws HoldfastException {
        List<String> shown = new ArrayList<>();
        long[] counts = {0, 0};
        Deque<String> pending = new ArrayDeque<>(List.of("/"));
        boolean exact = true;
        while (exact && !pending.isEmpty()) {
            String directory = pending.remove();
            exact = Listing.forEach(volume, directory, entry -> {
                String path = Names.join(directory, entry.name());
                if (entry.kind() == FileKind.DIRECTORY) {
                    pending.add(path);
                } else if (entry.kind() == FileKind.REGULAR && counts[0]++ < SHOWN_MAX) {
                    shown.add(path);
                }
                return ++counts[1] < VISITED_MAX;
            });
        }
        return new ExportPaths(List.copyOf(shown), counts[0] - shown.size(), exact);
    }
}
