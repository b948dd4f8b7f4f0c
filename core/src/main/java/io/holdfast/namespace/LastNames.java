package io.holdfast.namespace;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The name under which each of some thousand inodes was seen last: an inode does not say by which names it is found.
 * The name may have changed since, so the caller checks that it still leads to the inode.
 *
 * <p>Invariant: an inode's number gives its place in the table. The inode that was noted last keeps the place.
 */
final class LastNames {
    private static final int SIZE = 4096;

    private final AtomicReferenceArray<Seen> table = new AtomicReferenceArray<>(SIZE);

    /** A name that led to an inode. */
    record Seen(long inode, long directory, String name) {}

    void note(long inode, long directory, String name) {
        Seen old = table.get(place(inode));
        if (old == null || old.inode != inode || old.directory != directory || !old.name.equals(name)) {
            table.set(place(inode), new Seen(inode, directory, name));
        }
    }

    /** Returns the last name that was noted, or null. */
    @Nullable
    Seen of(long inode) {
        Seen seen = table.get(place(inode));
        return seen != null && seen.inode == inode ? seen : null;
    }

    private static int place(long inode) {
        return (int) (inode & (SIZE - 1));
    }
}
