package io.holdfast.volume;

/** What to do about the users of a file that is to be taken away or cut. */
public enum InUse {
    /** Throw {@code IN_USE}, with the users in the message. */
    REFUSE,
    /** Cut the users off and wait until they have closed their files. */
    CUT_OFF
}
