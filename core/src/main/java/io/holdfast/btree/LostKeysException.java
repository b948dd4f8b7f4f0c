package io.holdfast.btree;

import io.holdfast.error.HoldfastException;

/** A node that a patch stands for still cannot be read. What was changed there since is known all the same. */
public final class LostKeysException extends HoldfastException {
    LostKeysException(HoldfastException why) {
        super(
                why.code(),
                why.getMessage()
                        + "; what is there is lost as long as this block cannot be read: 'holdfast check' says what it is, 'holdfast rescue' copies out all else",
                why);
    }
}
