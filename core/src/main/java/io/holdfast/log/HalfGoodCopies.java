package io.holdfast.log;

import io.holdfast.log.LogReader.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Copies in the log that are not good while the other one is. Such a copy is damaged if its record was durable. Else it was
 * being written when the power went, and is as it may be.
 *
 * <p>Lists {@value #LISTED_MAX} of them and counts the others, by record while it is not known whether the record was durable.
 */
final class HalfGoodCopies {
    static final int LISTED_MAX = 1000;

    private final Map<Long, Copy> listed = new LinkedHashMap<>();
    /** Copies that are not listed, of records that were durable. */
    private long more;
    /** Copies that are not listed, by the record of which it is not known that it was durable. */
    private final NavigableMap<Long, Integer> undecided = new TreeMap<>();

    private record Copy(long sequence, long block, String what, String why) {}

    /** Adds a copy. One that is listed counts once, however often it is read. */
    void add(long sequence, long block, String what, String why) {
        if (listed.size() < LISTED_MAX) {
            listed.putIfAbsent(block, new Copy(sequence, block, what, why));
        } else if (!listed.containsKey(block)) {
            undecided.merge(sequence, 1, Integer::sum);
        }
    }

    /** Learns that all records up to this one were durable. */
    void durableThrough(long sequence) {
        NavigableMap<Long, Integer> durable = undecided.headMap(sequence, true);
        more += durable.values().stream().mapToLong(Integer::longValue).sum();
        durable.clear();
    }

    /** Returns what is wrong if the records up to this one were durable. */
    List<Problem> problems(String volume, long durableThrough) {
        durableThrough(durableThrough);
        List<Problem> all = new ArrayList<>();
        for (Copy copy : listed.values()) {
            if (copy.sequence <= durableThrough) {
                all.add(new Problem(
                        copy.block,
                        "%s: log record %d: block %d, %s, is damaged: %s; the other of two copies is whole, and has all"
                                .formatted(volume, copy.sequence, copy.block, copy.what, copy.why),
                        LogReader.Kind.ONE_OF_TWO));
            }
        }
        if (more > 0) {
            all.add(new Problem(
                    -1,
                    "%s: log: of %d more blocks that are there twice one copy is not good".formatted(volume, more),
                    LogReader.Kind.ONE_OF_TWO));
        }
        return all;
    }
}
