package io.holdfast.door;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Memory for one payload, as a run of slices of which all but the last are {@link Slice#MAX} long.
 *
 * <p>Invariants: one thread at a time uses it; nobody uses it after {@link #release}. The memory goes back once,
 * however often it is released.
 */
public final class Lease {
    private final List<Slice> slices;
    private final int length;
    private final Consumer<List<Slice>> owner;
    private final AtomicBoolean released = new AtomicBoolean();

    public Lease(List<Slice> slices, int length, Consumer<List<Slice>> owner) {
        this.slices = slices;
        this.length = length;
        this.owner = owner;
    }

    public int length() {
        return length;
    }

    public int count() {
        return slices.size();
    }

    /** Returns where in the payload a slice starts. */
    public int start(int index) {
        return index * Slice.MAX;
    }

    /** Returns a slice's part of the payload. */
    public MemorySegment segment(int index) {
        return slices.get(index).segment().asSlice(0, Math.min(Slice.MAX, length - start(index)));
    }

    /** Returns the same memory for a socket to read into or write from. */
    public ByteBuffer buffer(int index) {
        return slices.get(index).buffer().slice(0, Math.min(Slice.MAX, length - start(index)));
    }

    /** Gives the memory back. Calling this twice is harmless. */
    public void release() {
        if (released.compareAndSet(false, true)) {
            owner.accept(slices);
        }
    }
}
