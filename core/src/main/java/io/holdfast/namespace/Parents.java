package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/** What directories know of their subdirectories and parents: link counts, and the way up to the root. */
final class Parents {
    private static final int LINKS_MIN = 2;

    private final Inodes inodes;

    Parents(Inodes inodes) {
        this.inodes = inodes;
    }

    /**
     * Adds to the change that the entries of a directory change now.
     *
     * @param subdirectories how many subdirectories the directory gains; negative if it loses some
     */
    void touch(NamespaceChange change, long directory, int subdirectories, Instant now) throws HoldfastException {
        int links = inodes.directory(directory).links();
        if (links < LINKS_MIN - Math.min(subdirectories, 0)) {
            throw Damage.inode(directory, "its link count " + links + " is less than what its subdirectories give it");
        }
        if (subdirectories > 0 && links == InodeRecord.LINKS_MAX) {
            throw new HoldfastException(ErrorCode.TOO_MANY_LINKS, "the directory has too many subdirectories");
        }
        change.update(directory, r -> r.withLinks(r.links() + subdirectories).modified(now));
    }

    /** Returns whether {@code directory} is {@code other} or somewhere below it. */
    boolean isWithin(long directory, long other) throws HoldfastException {
        Set<Long> seen = new HashSet<>();
        long at = directory;
        while (at != other) {
            if (at == NamespaceKeys.ROOT) {
                return false;
            }
            if (!seen.add(at)) {
                throw Damage.inode(at, "its parents form a loop");
            }
            at = inodes.directory(at).parent();
        }
        return true;
    }
}
