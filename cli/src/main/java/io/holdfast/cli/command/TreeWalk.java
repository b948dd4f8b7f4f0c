package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.Volume;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Walks through a directory and all below it, in byte order of the names, while others change the tree.
 *
 * <p>Invariant: this holds one page of each directory on the way and nothing else.
 */
final class TreeWalk {
    private final Volume volume;
    private final Cancellation cancel;
    private final Visitor visitor;
    private final Deque<Level> levels = new ArrayDeque<>();

    /** Hears of each directory twice, and of all else once. */
    interface Visitor {
        /** Called before anything in the directory is. */
        default void enter(String directory) throws HoldfastException {}

        /** Called for what is no directory. */
        default void file(String path) throws HoldfastException {}

        /** Called after everything in the directory was. */
        default void leave(String directory) throws HoldfastException {}
    }

    /** A directory that the walk is in. */
    private record Level(String path, long inode, DirectoryCursor cursor) {}

    private TreeWalk(Volume volume, Cancellation cancel, Visitor visitor) {
        this.volume = volume;
        this.cancel = cancel;
        this.visitor = visitor;
    }

    /** Walks. What is removed meanwhile is left out, but for {@code top} itself. */
    static void run(Volume volume, String top, Cancellation cancel, Visitor visitor) throws HoldfastException {
        TreeWalk walk = new TreeWalk(volume, cancel, visitor);
        visitor.enter(top);
        walk.levels.push(new Level(top, volume.status(top).inode(), DirectoryCursor.of(volume, top)));
        walk.walk();
    }

    private void walk() throws HoldfastException {
        while (!levels.isEmpty()) {
            cancel.check();
            Level level = levels.element();
            Optional<DirectoryEntry> entry = next(level);
            if (entry.isEmpty()) {
                levels.pop();
                visitor.leave(level.path);
            } else {
                visit(Names.join(level.path, entry.get().name()), entry.get());
            }
        }
    }

    private Optional<DirectoryEntry> next(Level level) throws HoldfastException {
        try {
            return level.cursor.next();
        } catch (HoldfastException e) {
            if (levels.size() > 1 && isGone(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean isGone(HoldfastException e) {
        return e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.NOT_A_DIRECTORY;
    }

    private void visit(String path, DirectoryEntry entry) throws HoldfastException {
        try {
            if (entry.kind() == FileKind.DIRECTORY) {
                requireNew(path, entry.inode());
                visitor.enter(path);
                levels.push(new Level(path, entry.inode(), DirectoryCursor.of(volume, path)));
            } else {
                visitor.file(path);
            }
        } catch (HoldfastException e) {
            if (!isGone(e)) {
                throw e;
            }
        }
    }

    /** In a damaged volume a directory may lead to one above it, and a walk would have no end. */
    private void requireNew(String path, long inode) throws HoldfastException {
        if (levels.stream().anyMatch(level -> level.inode == inode)) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED, path + " leads back to a directory above it; run 'holdfast check'");
        }
    }
}
