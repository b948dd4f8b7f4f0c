package io.holdfast.cli.space;

/**
 * Something to do about space before it is used up.
 *
 * @param message for people; names the volume and the numbers
 */
public record SpaceWarning(Kind kind, String message) {
    /** What a warning is about. */
    public enum Kind {
        /** The volume is at least 80 % full. */
        VOLUME_FULL,
        /** The file system of the host is at least 80 % full. */
        HOST_FULL,
        /** The file system of the host has less free space than the volume's sparse file may still take. */
        HOST_PROMISED,
        /** The volume was formatted to have all its space, and its file lacks some. */
        PREALLOCATION_LOST,
        /** The host does not tell how full it is. */
        HOST_UNKNOWN
    }
}
