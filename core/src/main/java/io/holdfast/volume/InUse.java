package io.holdfast.volume;

/** What a claim does if other users have open what it would cover. */
public enum InUse {
    /** Throw {@code IN_USE}, with the users in the message. */
    REFUSE,
    /** Cut the users off and wait until they have closed their files. */
    CUT_OFF
}
