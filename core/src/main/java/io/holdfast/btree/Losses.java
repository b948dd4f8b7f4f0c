package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import org.jspecify.annotations.Nullable;

/** What becomes of a batch of changes where the tree cannot be read. */
public interface Losses {
    /** Ends the batch where a node cannot be read that has to change. */
    Losses STRICT = (lost, why) -> {
        throw why;
    };

    /**
     * Takes a node that has to change and cannot be read. If this returns, a patch with the changes takes its place.
     *
     * @throws HoldfastException if this is not to be believed: then the batch is not applied
     */
    void lost(LostKeys lost, HoldfastException why) throws HoldfastException;

    /**
     * Takes a node that cannot be read, below one that was lost and can be read again. It is no new loss. If this returns, a patch
     * with the changes takes its place.
     *
     * @throws HoldfastException as {@link #lost}
     */
    default void stillLost(LostKeys lost, HoldfastException why) throws HoldfastException {
        lost(lost, why);
    }

    /** Returns a key above all that the tree has; null if none is known. So a range that is lost has an end. */
    default byte @Nullable [] end() {
        return null;
    }

    /** Returns which patches can go. */
    default Mending mending() {
        return Mending.NOTHING;
    }

    /**
     * Hears of a change that took the place of something. Where a patch's changes go into what is below, a change can take several
     * places; it hears of all of them, the newest first.
     *
     * @param before the value of before; null if it is known that there was no such item
     */
    default void placed(Item change, byte @Nullable [] before) throws HoldfastException {}
}
