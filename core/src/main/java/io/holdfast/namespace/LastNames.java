package io.holdfast.namespace;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Where inodes were seen last, for some thousands of them: an inode does not say by which names it is found. What this says
 * may have changed since, so whoever asks looks whether it still holds.
 *
 * <p>Invariant: an inode has one place in the table, by its number, and the newest one with this place has it.
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
