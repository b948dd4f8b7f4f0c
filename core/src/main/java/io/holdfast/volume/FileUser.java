package io.holdfast.volume;

/**
 * Somebody for whom a door opens files: a client of a disk, or a command at a control socket. As long as a user has a
 * file open, nobody else removes, replaces, renames or shortens it without cutting the user off first; see {@link
 * VolumeFiles}.
 *
 * <p>All methods must be thread-safe and must not block. The engine calls them with its locks held, except {@link
 * #cutOff}.
 */
public interface FileUser {
    /** Returns who the user is, for messages: {@code "NBD client 10.0.0.7:51234"}. */
    String description();

    /**
     * Returns whether the user has done anything with what it opened. Until then others may still make its disk
     * smaller: the user meets the new end with its first request.
     */
    boolean hasBegun();

    /**
     * Asks the user to end and returns at once. The user then begins nothing new, lets what is under way end, and
     * closes its files. May be called more than once.
     */
    void cutOff();
}
