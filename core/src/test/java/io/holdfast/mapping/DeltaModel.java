package io.holdfast.mapping;

import io.holdfast.format.MapEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a {@link DeltaMap} must say, in the simplest words: the newest call that names a block decides about it. Chunks with a
 * leaf and ranges of whole chunks are known besides, since the counts and the order for a checkpoint depend on them.
 */
final class DeltaModel {
    private record Call(long first, long count, long word, long[] checksums) {}

    private record Range(long end, int state) {}

    private final int levelsMin;
    private final List<Call> calls = new ArrayList<>();
    private final TreeMap<Long, Long> data = new TreeMap<>();
    private final TreeSet<Long> leaves = new TreeSet<>();
    private final TreeMap<Long, Range> ranges = new TreeMap<>();
    /** Unwritten blocks: first to end. */
    private final TreeMap<Long, Long> unwritten = new TreeMap<>();

    final List<Long> superseded = new ArrayList<>();
    long nodes;
    boolean dropped;

    DeltaModel(int levelsMin) {
        this.levelsMin = levelsMin;
    }

    void putRun(long first, int count, long word, long[] checksums) {
        calls.add(new Call(first, count, word, checksums));
        for (long block = first; block < first + count; block++) {
            touch(block >>> MapEntry.FANOUT_LOG2);
            Long old = data.put(block, MapEntry.block(word) + block - first);
            if (old != null) {
                superseded.add(old);
            }
        }
        cut(unwritten, first, first + count);
    }

    void putRange(long first, long count, int state) {
        calls.add(new Call(first, count, MapEntry.word(state, 0), new long[0]));
        long end = first + count;
        superseded.addAll(data.subMap(first, end).values());
        data.subMap(first, end).clear();
        cut(unwritten, first, end);
        if (state == MapEntry.UNWRITTEN && count > 0) {
            unwritten.put(first, end);
        }
        long firstWhole = (first + MapEntry.FANOUT - 1) >>> MapEntry.FANOUT_LOG2;
        long endWhole = end >>> MapEntry.FANOUT_LOG2;
        if (firstWhole >= endWhole) {
            for (long block = first; block < end; block++) {
                touch(block >>> MapEntry.FANOUT_LOG2);
            }
            return;
        }
        if (first != firstWhole << MapEntry.FANOUT_LOG2) {
            touch(first >>> MapEntry.FANOUT_LOG2);
        }
        leaves.subSet(firstWhole, endWhole).clear();
        cutRanges(firstWhole, endWhole);
        ranges.put(firstWhole, new Range(endWhole, state));
        nodes += 2L * MapEntry.LEVELS_MAX;
        if (end != endWhole << MapEntry.FANOUT_LOG2) {
            touch(endWhole);
        }
    }

    void drop() {
        superseded.addAll(data.values());
        calls.clear();
        data.clear();
        leaves.clear();
        ranges.clear();
        unwritten.clear();
        nodes = 0;
        dropped = true;
    }

    private void touch(long chunk) {
        if (!leaves.contains(chunk)) {
            cutRanges(chunk, chunk + 1);
            long apart = Math.max(levelsMin, DeltaMap.levelsFor(chunk << MapEntry.FANOUT_LOG2));
            for (Long neighbour : new Long[] {leaves.lower(chunk), leaves.higher(chunk)}) {
                if (neighbour != null) {
                    int bits = 64 - Long.numberOfLeadingZeros(neighbour ^ chunk);
                    apart = Math.min(apart, (bits + MapEntry.FANOUT_LOG2 - 1) / MapEntry.FANOUT_LOG2);
                }
            }
            nodes += apart;
            leaves.add(chunk);
        }
    }

    private static void cut(TreeMap<Long, Long> runs, long from, long to) {
        Map.Entry<Long, Long> before = runs.lowerEntry(from);
        if (before != null && before.getValue() > from) {
            runs.put(before.getKey(), from);
            if (before.getValue() > to) {
                runs.put(to, before.getValue());
            }
        }
        Map.Entry<Long, Long> last = runs.lowerEntry(to);
        if (last != null && last.getKey() >= from && last.getValue() > to) {
            runs.put(to, last.getValue());
        }
        runs.subMap(from, Math.max(from, to)).clear();
    }

    private void cutRanges(long from, long to) {
        for (long first : List.copyOf(ranges.headMap(to).keySet())) {
            Range range = ranges.get(first);
            if (range.end() > from) {
                ranges.remove(first);
                if (first < from) {
                    ranges.put(first, new Range(from, range.state()));
                }
                if (range.end() > to) {
                    ranges.put(to, range);
                }
            }
        }
    }

    // ---- answers ----

    boolean isEmpty() {
        return leaves.isEmpty() && ranges.isEmpty() && !dropped;
    }

    long word(long block) {
        Call call = decides(block);
        if (call == null) {
            return -1;
        }
        boolean isData = MapEntry.isData(call.word());
        return isData ? call.word() + block - call.first() : call.word();
    }

    long checksum(long block) {
        Call call = decides(block);
        return call == null ? 0 : call.checksums()[(int) (block - call.first())];
    }

    private Call decides(long block) {
        for (Call call : calls.reversed()) {
            if (block >= call.first() && block - call.first() < call.count()) {
                return call;
            }
        }
        return null;
    }

    long dataBlocks() {
        return data.size();
    }

    long unwritten() {
        long sum = 0;
        for (Map.Entry<Long, Long> run : unwritten.entrySet()) {
            sum += run.getValue() - run.getKey();
        }
        return sum;
    }

    long lastUsedBlock() {
        long last = leaves.isEmpty() ? -1 : leaves.last();
        for (Range range : ranges.values()) {
            if (range.state() != MapEntry.HOLE) {
                last = Math.max(last, range.end() - 1);
            }
        }
        return ((last + 1) << MapEntry.FANOUT_LOG2) - 1;
    }

    boolean hasLeaf(long chunk) {
        return leaves.contains(chunk);
    }

    long nextTouched(long from) {
        Long leaf = leaves.ceiling(from);
        long next = leaf == null ? Long.MAX_VALUE : leaf;
        for (Map.Entry<Long, Range> range : ranges.entrySet()) {
            if (range.getValue().end() > from) {
                next = Math.min(next, Math.max(from, range.getKey()));
            }
        }
        return next == Long.MAX_VALUE ? -1 : next;
    }

    int covering(long first, long chunks) {
        Map.Entry<Long, Range> range = ranges.floorEntry(first);
        return range != null && range.getValue().end() - first >= chunks
                ? range.getValue().state()
                : -1;
    }

    /** Returns how far from a block on, at most, what {@link #word} says of it holds. */
    boolean holdsFor(long block, long length) {
        long word = word(block);
        boolean isData = MapEntry.isData(word) && word != -1;
        return isData
                ? length == 1
                : places().stream()
                        .filter(place -> place > block && place - block < length)
                        .allMatch(place -> word(place) == word);
    }

    /** Returns the blocks at which an answer may change. */
    TreeSet<Long> places() {
        TreeSet<Long> places = new TreeSet<>();
        for (Call call : calls) {
            for (long edge : new long[] {call.first(), call.first() + call.count()}) {
                for (long near = Math.max(0, edge - 2); near <= edge + 2; near++) {
                    places.add(near);
                }
            }
        }
        return places;
    }
}
