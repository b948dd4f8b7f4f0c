package io.holdfast.volume;

/**
 * Somebody for whom a door opens files: a client of a disk, a command at a control socket. What one user has open is not
 * removed, replaced, renamed or cut by another one, unless the user is cut off first; see {@link VolumeFiles}.
 *
 * <p>The methods are thread-safe, do not block, and are called with locks of the engine held, {@link #cutOff} without.
 */
public interface FileUser {
    /** Says who that is, for messages: {@code "NBD client 10.0.0.7:51234"}. */
    String description();

    /**
     * Returns whether it has done anything with what it opened. A disk may still be cut while its user has not: it meets the
     * new end with its first request.
     */
    boolean hasBegun();

    /**
     * Asks the user to end: it begins nothing new, lets what is under way end, and closes its files. Returns at once. May be
     * called more than once.
     */
    void cutOff();
}
