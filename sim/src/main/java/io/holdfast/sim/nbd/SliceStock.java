package io.holdfast.sim.nbd;

import io.holdfast.door.Slice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Memory outside the heap for the payloads of simulated servers. It is kept from one simulation to the next: only the
 * garbage collector could free it, and a simulation cannot wait for that.
 *
 * <p>Invariant: one simulation at a time uses this, and its server has at most what its options allow. So the stock stays
 * small.
 */
final class SliceStock {
    private static final Map<Integer, ArrayDeque<Slice>> KEPT = new HashMap<>();

    private final List<Slice> taken = new ArrayList<>();

    /** Returns a slice of zeroes. */
    Slice take(int bytes) {
        Slice slice = KEPT.computeIfAbsent(bytes, _ -> new ArrayDeque<>()).poll();
        if (slice == null) {
            MemorySegment memory = Arena.global().allocate(bytes, 4096);
            slice = new Slice(memory.asByteBuffer(), memory);
        }
        slice.segment().fill((byte) 0);
        taken.add(slice);
        return slice;
    }

    /** Takes back all slices; nobody may use them any more. */
    void close() {
        taken.forEach(slice ->
                KEPT.computeIfAbsent(slice.capacity(), _ -> new ArrayDeque<>()).add(slice));
        taken.clear();
    }
}
