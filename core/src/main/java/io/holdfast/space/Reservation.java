package io.holdfast.space;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Blocks that were promised to a change and are not used yet. A writer gets a reservation from {@link SpaceReserver},
 * hands parts of it over to pages or records that need them, and closes it, which gives back the rest. Each block of a
 * reservation ends in exactly one way: it becomes data ({@link SpaceManager#consume}), it is settled for a change's map
 * nodes ({@link SpaceManager#settle}), or it is given back.
 *
 * <p>Thread-safe: several threads may take parts of one reservation. Taking more than is left throws {@code
 * IllegalStateException}, since that is a counting error. Closing twice is harmless.
 */
public final class Reservation implements AutoCloseable {
    /** Has no blocks and takes none. */
    public static final Reservation NONE = new Reservation(null, 0);

    private static final VarHandle BLOCKS;

    static {
        try {
            BLOCKS = MethodHandles.lookup().findVarHandle(Reservation.class, "blocks", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final @Nullable SpaceManager space;
    /** Changed through {@link #BLOCKS} only. */
    private volatile long blocks;

    Reservation(@Nullable SpaceManager space, long blocks) {
        this.space = space;
        this.blocks = blocks;
    }

    /** Returns how many blocks are left. */
    public long blocks() {
        return blocks;
    }

    /** Hands {@code count} blocks over to another reservation of the same volume. */
    public void moveTo(Reservation other, long count) {
        if (count != 0 && other.space != space) {
            throw new IllegalArgumentException("a reservation of another volume");
        }
        take(count);
        BLOCKS.getAndAdd(other, count);
    }

    /** Hands all blocks over. */
    public void moveTo(Reservation other) {
        moveTo(other, blocks);
    }

    /** Takes blocks out, for the caller to account for. */
    void take(long count) {
        if (count < 0) {
            throw new IllegalArgumentException("%d blocks".formatted(count));
        }
        if (count > 0 && (long) BLOCKS.getAndAdd(this, -count) < count) {
            throw new IllegalStateException("more used than was reserved");
        }
    }

    /** Gives back what is left. */
    @Override
    public void close() {
        if (blocks == 0) {
            return;
        }
        long left = (long) BLOCKS.getAndSet(this, 0L);
        if (space != null && left != 0) {
            space.unreserve(left);
        }
    }
}
