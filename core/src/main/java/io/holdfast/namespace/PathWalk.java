package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Follows paths through directories and symbolic links. */
final class PathWalk {
    static final int SYMLINKS_MAX = 40;

    private final Directories directories;
    private final Inodes inodes;
    private final LinkTargets targets;

    /** A name and the directory it is in, or would be. */
    record Place(String path, long directory, byte[] name) {}

    PathWalk(Directories directories, Inodes inodes, LinkTargets targets) {
        this.directories = directories;
        this.inodes = inodes;
        this.targets = targets;
    }

    Entry resolve(String path, boolean followLast) throws HoldfastException {
        return walk(path, Paths.names(path), followLast);
    }

    /** Resolves all but the last name; null for the root, which is in no directory. */
    @Nullable
    Place parent(String path) throws HoldfastException {
        List<String> names = Paths.names(path);
        if (names.isEmpty()) {
            return null;
        }
        byte[] last = Names.entry(names.getLast());
        Entry directory = walk(path, names.subList(0, names.size() - 1), true);
        if (!directory.isDirectory()) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " goes through what is not a directory");
        }
        return new Place(path, directory.inode(), last);
    }

    private Entry walk(String path, List<String> names, boolean followLast) throws HoldfastException {
        Deque<String> todo = new ArrayDeque<>(names);
        Deque<Entry> trail = new ArrayDeque<>(List.of(Entry.ROOT));
        Entry at = Entry.ROOT;
        int followed = 0;
        while (!todo.isEmpty()) {
            String name = todo.removeFirst();
            if (!at.isDirectory()) {
                throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " goes through what is not a directory");
            }
            if (name.equals("..")) {
                if (trail.size() > 1) {
                    trail.removeLast();
                }
                at = trail.getLast();
                continue;
            }
            Entry next = directories.find(at.inode(), Names.entry(name));
            if (next == null) {
                throw new HoldfastException(ErrorCode.NOT_FOUND, path + " does not exist");
            }
            switch (next.kind()) {
                case DIRECTORY -> {
                    trail.addLast(next);
                    at = next;
                }
                case REGULAR -> at = next;
                case SYMLINK -> {
                    if (todo.isEmpty() && !followLast) {
                        return next;
                    }
                    if (++followed > SYMLINKS_MAX) {
                        throw new HoldfastException(
                                ErrorCode.TOO_MANY_SYMLINKS, path + " goes through too many symbolic links");
                    }
                    String target = targets.read(next.inode(), inodes.read(next));
                    Paths.split(target).reversed().forEach(todo::addFirst);
                    if (target.startsWith("/")) {
                        trail.clear();
                        trail.addLast(Entry.ROOT);
                    }
                    at = trail.getLast();
                }
            }
        }
        return at;
    }
}
