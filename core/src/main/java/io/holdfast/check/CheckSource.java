package io.holdfast.check;

import io.holdfast.checkpoint.Checkpoints;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a check reads: the newest checkpoint of a volume in use, again and again, or one checkpoint that nothing follows.
 * Thread-safe.
 */
public final class CheckSource {
    private final @Nullable Checkpoints checkpoints;
    private final Superblock fixed;

    private CheckSource(@Nullable Checkpoints checkpoints, Superblock fixed) {
        this.checkpoints = checkpoints;
        this.fixed = fixed;
    }

    /** Returns the source for a volume in which nothing changes. */
    public static CheckSource fixed(Superblock superblock) {
        return new CheckSource(null, superblock);
    }

    /** Returns the source for a volume in use. */
    public static CheckSource live(Checkpoints checkpoints) {
        return new CheckSource(checkpoints, checkpoints.superblock());
    }

    /** Returns whether there is one checkpoint only. */
    public boolean isFixed() {
        return checkpoints == null;
    }

    /** Returns the newest superblock. */
    public Superblock superblock() {
        return checkpoints == null ? fixed : checkpoints.superblock();
    }

    /** A state of the volume that stays as it is until this is closed, unless writers need the space. */
    final class State implements AutoCloseable {
        private final Checkpoints.@Nullable Pin pin;
        private final Superblock superblock;

        private State(Checkpoints.@Nullable Pin pin) {
            this.pin = pin;
            this.superblock = CheckSource.this.superblock();
        }

        Superblock superblock() {
            return superblock;
        }

        /** Returns whether all that was read until now is of this state. */
        boolean isGood() {
            return pin == null || !pin.isRevoked();
        }

        @Override
        public void close() {
            if (pin != null) {
                pin.close();
            }
        }
    }

    /** Returns the newest state. */
    State take() {
        return new State(checkpoints == null ? null : checkpoints.pin());
    }

    /**
     * Returns the newest state, of which only the subtrees that were cut off stay as they are until it is closed.
     *
     * @throws HoldfastException {@code NO_SPACE} if a checkpoint waits for room on the host
     */
    State takeWithDeadTrees() throws HoldfastException {
        return new State(checkpoints == null ? null : checkpoints.pinDeadTrees());
    }

    /**
     * Begins to tell which blocks change.
     *
     * @throws HoldfastException {@code NO_SPACE} if a checkpoint waits for room on the host
     */
    void watch(Checkpoints.Watcher watcher) throws HoldfastException {
        if (checkpoints != null) {
            checkpoints.watch(watcher);
        }
    }

    void unwatch(Checkpoints.Watcher watcher) {
        if (checkpoints != null) {
            checkpoints.unwatch(watcher);
        }
    }

    /** Something done with a superblock; {@code map} is its space map in memory, null if none is. */
    public interface Inspection {
        void inspect(Superblock newest, @Nullable SpaceMap map) throws HoldfastException;
    }

    /**
     * Looks at structures in fixed places, while no checkpoint is being written: the next but one overwrites them, whatever is
     * pinned.
     */
    public void whileIdle(Inspection inspection) throws HoldfastException {
        if (checkpoints == null) {
            inspection.inspect(fixed, null);
        } else {
            checkpoints.whileIdle(inspection::inspect);
        }
    }
}
