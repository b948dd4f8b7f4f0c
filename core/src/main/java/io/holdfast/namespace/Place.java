package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;

/**
 * A name and the directory it is in, or would be.
 *
 * @param shown what messages call it: the path as it was given, or number and name
 * @param directory is there
 * @param where finds the path
 */
record Place(String shown, long directory, byte[] name, Where where) {
    /** Finds a path. */
    interface Where {
        String path() throws HoldfastException;
    }

    /** Returns the path without symbolic links. It may have to be searched for, so ask only if it is needed. */
    String canonical() throws HoldfastException {
        return where.path();
    }
}
