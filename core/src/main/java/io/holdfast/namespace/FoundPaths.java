package io.holdfast.namespace;

import java.util.Map;

/**
 * Paths of inodes, as far as they were found.
 *
 * @param paths one path of each inode that has been found
 * @param unreadable whether some of the directory tree cannot be read
 * @param whole whether all of it was looked at, as far as it can be read; or everything was found
 */
public record FoundPaths(Map<Long, String> paths, boolean unreadable, boolean whole) {
    /** Nobody has looked. */
    public static final FoundPaths NONE = new FoundPaths(Map.of(), false, false);

    /** Returns what messages call an inode: its path and number, or its number and why there is no path. */
    public String label(long inode) {
        String path = paths.get(inode);
        if (path != null) {
            return path + " (inode " + inode + ")";
        }
        if (unreadable) {
            return "inode " + inode + " (its name is not known: the directory tree is damaged)";
        }
        return "inode " + inode + (whole ? " (it has no name any more)" : "");
    }
}
