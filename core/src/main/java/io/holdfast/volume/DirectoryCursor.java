package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Goes through a directory of any size, in byte order of the names, while others change it. Holds nothing open, and memory for
 * some entries. For one thread.
 *
 * <p>Whatever is added, removed or renamed meanwhile: a name that is there from the first call to the end is returned exactly
 * once, and no name twice. A name that is there for a part of that time is returned or not; one that was removed, up to
 * {@value #AHEAD} entries after it went, and with the inode that it had. A file that is renamed is returned by its old name, by
 * the new one, by both or by neither. If the directory itself goes, the next page fails.
 *
 * <p>A {@linkplain #position position} is the last name that was returned. It stays valid whatever happens to the directory and
 * to the file of that name, in other cursors on the same directory, and after the volume was opened again. A door that needs a
 * number in its place numbers the names that it has given out through a handle.
 */
public final class DirectoryCursor {
    /** The position before the first entry. */
    public static final String START = "";

    private static final int AHEAD = 256;

    private final Pages pages;
    private final Deque<DirectoryEntry> ahead = new ArrayDeque<>();
    private String position = START;

    /** Where entries come from: {@link Volume#list} or {@link Inodes#list}, of one directory. */
    @FunctionalInterface
    public interface Pages {
        /**
         * Returns entries with greater names than {@code after}, none only if there are none.
         *
         * @param limit at most so many
         */
        List<DirectoryEntry> list(String after, int limit) throws HoldfastException;
    }

    public DirectoryCursor(Pages pages) {
        this.pages = pages;
    }

    /** Returns a cursor on the directory that a path leads to; if another one takes its place, goes on in that. */
    public static DirectoryCursor of(Volume volume, String path) {
        return new DirectoryCursor((after, limit) -> volume.list(path, after, limit));
    }

    /** Returns the next entry; empty at the end. There it looks again each time. */
    public Optional<DirectoryEntry> next() throws HoldfastException {
        if (ahead.isEmpty()) {
            ahead.addAll(pages.list(position, AHEAD));
        }
        Optional<DirectoryEntry> entry = Optional.ofNullable(ahead.poll());
        entry.ifPresent(found -> position = found.name());
        return entry;
    }

    /** Returns where the cursor is: behind what was returned last, or where it was set. */
    public String position() {
        return position;
    }

    /**
     * Goes to a position; the next entry is the first one behind it. Forgets what was read ahead, so entries are newer than
     * this call.
     *
     * @param target of {@link #position}, or {@link #START}
     */
    public void seek(String target) {
        ahead.clear();
        position = target;
    }
}
