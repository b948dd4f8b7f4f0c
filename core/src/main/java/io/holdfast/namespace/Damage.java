package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;

/** Makes the errors for items that cannot be right. */
final class Damage {
    private Damage() {}

    static HoldfastException inode(long inode, String what) {
        return new HoldfastException(
                ErrorCode.DAMAGED, "inode " + Long.toUnsignedString(inode) + " is damaged: " + what + "; run a check");
    }

    static HoldfastException entry(long directory, String what) {
        return new HoldfastException(
                ErrorCode.DAMAGED,
                "a directory entry of inode " + Long.toUnsignedString(directory) + " is damaged: " + what
                        + "; run a check");
    }
}
