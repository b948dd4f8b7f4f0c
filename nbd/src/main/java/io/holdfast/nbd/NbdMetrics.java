package io.holdfast.nbd;

import io.holdfast.volume.LatencyCounts;
import java.util.List;
import java.util.Map;

/**
 * What a server has done since it started, in more detail than {@link NbdCounters}.
 *
 * @param operations each kind of request, and one of those that there are not
 * @param exports those that were served first; a bounded number
 * @param others all other exports together, with an empty name
 */
public record NbdMetrics(NbdCounters counters, List<Operation> operations, List<Export> exports, Export others) {
    public NbdMetrics {
        operations = List.copyOf(operations);
        exports = List.copyOf(exports);
    }

    /**
     * A kind of request.
     *
     * @param name in lower case, with underscores
     * @param times from the request's arrival until its last reply was sent
     */
    public record Operation(String name, LatencyCounts times) {}

    /**
     * What the clients of an export have asked for.
     *
     * @param name its path without the leading slash, and behind it, in parentheses, the name of the export where that differs
     * @param requests received, by name of the operation
     * @param errors requests that were answered with an error
     * @param bytesRead what clients have read, holes included
     * @param bytesWritten payload received and written
     */
    public record Export(String name, Map<String, Long> requests, long errors, long bytesRead, long bytesWritten) {
        /** Returns how many requests of all kinds there were. */
        public long total() {
            return requests.values().stream().mapToLong(Long::longValue).sum();
        }
    }
}
