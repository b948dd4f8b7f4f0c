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

    private final Lookup lookup;
    private final Inodes inodes;
    private final LinkTargets targets;

    /**
     * What a path leads to.
     *
     * @param path without symbolic links; empty for the root
     */
    record Found(Entry entry, String path) {
        static final Found ROOT = new Found(Entry.ROOT, "");

        Found child(Entry child, String name) {
            return new Found(child, path + "/" + name);
        }
    }

    PathWalk(Lookup lookup, Inodes inodes, LinkTargets targets) {
        this.lookup = lookup;
        this.inodes = inodes;
        this.targets = targets;
    }

    Entry resolve(String path, boolean followLast) throws HoldfastException {
        return find(path, followLast).entry();
    }

    Found find(String path, boolean followLast) throws HoldfastException {
        return walk(path, Paths.names(path), followLast, false);
    }

    /** Resolves all but the last name; null for the root, which is in no directory. */
    @Nullable
    Place parent(String path) throws HoldfastException {
        List<String> names = Paths.names(path);
        if (names.isEmpty()) {
            return null;
        }
        byte[] last = Names.entry(names.getLast());
        Found directory = walk(path, names.subList(0, names.size() - 1), true, true);
        if (!directory.entry().isDirectory()) {
            throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " goes through what is not a directory");
        }
        String canonical = directory.path() + "/" + names.getLast();
        return new Place(path, directory.entry().inode(), last, () -> canonical);
    }

    /** @param parents all names must be those of directories: others follow that the walk leaves out */
    private Found walk(String path, List<String> names, boolean followLast, boolean parents) throws HoldfastException {
        Deque<String> todo = new ArrayDeque<>(names);
        Deque<Found> trail = new ArrayDeque<>(List.of(Found.ROOT));
        Found at = Found.ROOT;
        int followed = 0;
        while (!todo.isEmpty()) {
            String name = todo.removeFirst();
            if (!at.entry().isDirectory()) {
                throw new HoldfastException(ErrorCode.NOT_A_DIRECTORY, path + " goes through what is not a directory");
            }
            if (name.equals("..")) {
                if (trail.size() > 1) {
                    trail.removeLast();
                }
                at = trail.getLast();
                continue;
            }
            Entry entry = lookup.find(at.entry().inode(), name);
            if (entry == null) {
                boolean isWhole = todo.isEmpty() && !parents;
                throw new HoldfastException(
                        ErrorCode.NOT_FOUND,
                        isWhole
                                ? path + " does not exist"
                                : "%s: there is no directory %s/%s in the volume".formatted(path, at.path(), name));
            }
            Found next = at.child(entry, name);
            switch (entry.kind()) {
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
                    String target = targets.read(entry.inode(), inodes.read(entry));
                    Paths.split(target).reversed().forEach(todo::addFirst);
                    if (target.startsWith("/")) {
                        trail.clear();
                        trail.addLast(Found.ROOT);
                    }
                    at = trail.getLast();
                }
            }
        }
        return at;
    }
}
