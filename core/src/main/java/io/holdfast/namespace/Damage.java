package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;

/** Makes the errors for items that cannot be right. */
final class Damage {
    private Damage() {}

    /** Returns an error of a call with the path that it was for, if the error is damage: that names blocks and numbers alone. */
    static HoldfastException at(String path, HoldfastException error) {
        return switch (error.code()) {
            case CHECKSUM_MISMATCH, DAMAGED, DEVICE_ERROR ->
                new HoldfastException(error.code(), path + ": " + error.getMessage(), error);
            default -> error;
        };
    }

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
