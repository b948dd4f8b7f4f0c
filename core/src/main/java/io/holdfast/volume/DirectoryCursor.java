package io.holdfast.volume;

import io.holdfast.error.HoldfastException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Reads a directory of any size, in byte order of the names, while others change it. Keeps nothing open, and at most
 * {@value #AHEAD} entries in memory. For one thread.
 *
 * <p>A name that is there from the first call to the end is returned exactly once, and no name is returned twice. This
 * holds whatever others add, remove or rename meanwhile. A name that is there for a part of that time may be returned
 * or not. The cursor reads {@value #AHEAD} entries ahead: a name that was removed may still be among the next {@value
 * #AHEAD} that it returns, with the inode that it had. A file that is renamed is returned by its old name, by the new
 * one, by both or by neither. If the directory itself is removed, the call that needs the next page throws.
 *
 * <p>A {@linkplain #position position} is the last name that was returned. It stays valid whatever happens to the
 * directory and to the file of that name. It is also valid in other cursors on the same directory, and after the volume
 * was opened again. A door that needs a number in its place numbers the names that it has given out through a handle.
 */
public final class DirectoryCursor {
    /** The position before the first entry. */
    public static final String START = "";

    private static final int AHEAD = 256;

    private final Pages pages;
    private final Deque<DirectoryEntry> ahead = new ArrayDeque<>();
    private String position = START;

    /** Lists one directory, as {@link Volume#list} or {@link Inodes#list} does. */
    @FunctionalInterface
    public interface Pages {
        /**
         * Returns the first entries whose names are greater than {@code after}; none only if there are none.
         *
         * @param limit the most entries to return
         */
        List<DirectoryEntry> list(String after, int limit) throws HoldfastException;
    }

    public DirectoryCursor(Pages pages) {
        this.pages = pages;
    }

    /**
     * Returns a cursor on the directory that a path leads to. If another directory takes its place, the cursor goes on
     * there.
     */
    public static DirectoryCursor of(Volume volume, String path) {
        return new DirectoryCursor((after, limit) -> volume.list(path, after, limit));
    }

    /** Returns the next entry; empty at the end. At the end, each call looks again for more. */
    public Optional<DirectoryEntry> next() throws HoldfastException {
        if (ahead.isEmpty()) {
            ahead.addAll(pages.list(position, AHEAD));
        }
        Optional<DirectoryEntry> entry = Optional.ofNullable(ahead.poll());
        entry.ifPresent(found -> position = found.name());
        return entry;
    }

    /** Returns the last name that was returned, or the position that was set after it. */
    public String position() {
        return position;
    }

    /**
     * Goes to a position: the next entry is the first one behind it. Drops the entries read ahead, so all later ones
     * are read after this call.
     *
     * @param target a {@link #position}, or {@link #START}
     */
    public void seek(String target) {
        ahead.clear();
        position = target;
    }
}
