package io.holdfast.door;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one connection: leases from the {@link PayloadPool}, and one slice of its own that keeps the connection going
 * in small steps while the pool refuses it a lease.
 *
 * <p>Invariants: {@code held} is the memory of the leases that are not released; the pool's lock guards it. {@code own} is
 * made when it is first needed; one thread uses it and closes this. Leases may outlive the share: they count until they are
 * released.
 */
public final class PayloadShare implements AutoCloseable {
    /** Gives back the memory of a lease; one for all leases, so that a lease costs no other allocation. */
    final Consumer<List<Slice>> giveBack = this::giveBack;

    private final PayloadPool pool;
    private @Nullable Slice own;

    /** Bytes. */
    long held;

    PayloadShare(PayloadPool pool) {
        this.pool = pool;
    }

    /**
     * Returns memory for a payload. Does not wait. Any thread may call this.
     *
     * @param bytes at least 1
     * @return null if this connection has its share, or if memory is short
     */
    public @Nullable Lease tryLease(int bytes) {
        return pool.tryLease(this, bytes);
    }

    /**
     * Returns the connection's own memory. Each call returns the same memory, so the caller must be done with what an earlier
     * call returned. For one thread.
     *
     * @param bytes from 1 to {@link #stepBytes}
     * @throws OutOfMemoryError if there is no memory for it
     */
    public Lease step(int bytes) {
        Slice slice = own;
        if (slice == null) {
            slice = pool.takeStep();
            own = slice;
        }
        return new Lease(List.of(slice), bytes, slices -> {});
    }

    /** Returns how much {@link #step} gives at most. */
    public int stepBytes() {
        return pool.stepBytes();
    }

    private void giveBack(List<Slice> slices) {
        pool.giveBack(this, slices);
    }

    /** Gives back the connection's own memory. Closing twice is harmless. */
    @Override
    public void close() {
        Slice slice = own;
        own = null;
        if (slice != null) {
            pool.giveBackStep(slice);
        }
    }
}
