package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;

/**
 * A name and the directory that has it, or would have it.
 *
 * @param shown what messages call it: the path as it was given, or number and name
 * @param directory number of a directory that exists
 * @param where finds the path
 */
record Place(String shown, long directory, byte[] name, Where where) {
    /** Finds a path. */
    interface Where {
        String path() throws HoldfastException;
    }

    /** Returns the path without symbolic links. Ask only if it is needed: it may take a search. */
    String canonical() throws HoldfastException {
        return where.path();
    }
}
