package io.holdfast.file;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.namespace.Namespace;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.InUse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The users of open files, and the claims that keep users out during a change, as {@link
 * io.holdfast.volume.VolumeFiles} says.
 *
 * <p>Invariants: a user opens a file with the namespace's lock held shared, and a change checks names with it held
 * exclusively. So no user comes between the check and the change. A claim is registered before its users are counted,
 * so no user comes after the count. Claims that overlap have the same owner. No lock is held while a claim cuts users
 * off or waits for them.
 */
public final class FileUses {
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);
    private static final int SHOWN_MAX = 4;

    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Use> uses = new ArrayList<>();
    private final List<Claim> claims = new ArrayList<>();

    FileUses(Timing timing) {
        this.timing = timing;
    }

    /** A file that a user has open. */
    static final class Use {
        private final FileData file;
        private final FileUser user;

        private Use(FileData file, FileUser user) {
            this.file = file;
            this.user = user;
        }
    }

    /** What a claim covers: names with all below them, or one file, whatever its names. */
    private sealed interface Scope {
        boolean has(FileData file);

        boolean overlaps(Scope other);
    }

    /** @param inodes of what has the names, for files that were opened by number and whose path is not known */
    private record Names(List<String> paths, List<Long> inodes) implements Scope {
        @Override
        public boolean has(FileData file) {
            String path = file.path();
            return path == null ? inodes.contains(file.inode) : paths.stream().anyMatch(above -> isWithin(path, above));
        }

        @Override
        public boolean overlaps(Scope other) {
            return switch (other) {
                case Names names ->
                    paths.stream()
                            .anyMatch(mine ->
                                    names.paths.stream().anyMatch(its -> isWithin(mine, its) || isWithin(its, mine)));
                case Size size -> size.overlaps(this);
            };
        }
    }

    private record Size(long inode, @Nullable String path) implements Scope {
        @Override
        public boolean has(FileData file) {
            return file.inode == inode;
        }

        @Override
        public boolean overlaps(Scope other) {
            return switch (other) {
                case Size size -> size.inode == inode;
                case Names names -> path != null && names.paths.stream().anyMatch(above -> isWithin(path, above));
            };
        }
    }

    private final class Claim implements FileClaim {
        private final Scope scope;
        private final @Nullable FileUser owner;
        private final Set<CutOff> cutOff = new LinkedHashSet<>();

        private Claim(Scope scope, @Nullable FileUser owner) {
            this.scope = scope;
            this.owner = owner;
        }

        @Override
        public List<CutOff> cutOff() {
            return List.copyOf(cutOff);
        }

        @Override
        public void close() {
            lock.lock();
            try {
                claims.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    private static boolean isWithin(String path, String above) {
        return path.startsWith(above)
                && (path.length() == above.length() || above.endsWith("/") || path.charAt(above.length()) == '/');
    }

    /** A user has opened a file. */
    Use begin(FileData file, FileUser user) throws HoldfastException {
        lock.lock();
        try {
            for (Claim claim : claims) {
                if (!Objects.equals(claim.owner, user) && claim.scope.has(file)) {
                    throw claimed(file.label(), claim);
                }
            }
            return add(file, user);
        } finally {
            lock.unlock();
        }
    }

    /** A user has created a file; no claim covers a new one. */
    Use beginNew(FileData file, FileUser user) {
        lock.lock();
        try {
            return add(file, user);
        } finally {
            lock.unlock();
        }
    }

    private Use add(FileData file, FileUser user) {
        Use use = new Use(file, user);
        uses.add(use);
        return use;
    }

    /** The user has closed it. */
    void end(Use use) {
        lock.lock();
        try {
            uses.remove(use);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Throws unless the name and all below it may be removed. Called with the namespace's lock held exclusively.
     *
     * @param inode of what has the name; 0 if nothing has
     */
    public void requireUnused(String path, long inode, @Nullable FileUser by) throws HoldfastException {
        requireFree(new Names(List.of(path), List.of(inode)), path, by, use -> true);
    }

    /** Throws unless the file may be made smaller. */
    void requireUncut(FileData file, @Nullable FileUser by) throws HoldfastException {
        requireFree(new Size(file.inode, file.path()), file.label(), by, use -> use.user.hasBegun());
    }

    private void requireFree(Scope scope, String what, @Nullable FileUser by, Predicate<Use> counts)
            throws HoldfastException {
        List<Use> others;
        lock.lock();
        try {
            if (uses.isEmpty() && claims.isEmpty()) {
                return;
            }
            requireUnclaimed(scope, what, by);
            others = usesOf(scope, by, counts);
        } finally {
            lock.unlock();
        }
        if (!others.isEmpty()) {
            throw inUse(others);
        }
    }

    /** With the lock held. */
    private void requireUnclaimed(Scope scope, String what, @Nullable FileUser by) throws HoldfastException {
        for (Claim claim : claims) {
            if (!Objects.equals(claim.owner, by) && claim.scope.overlaps(scope)) {
                throw claimed(what, claim);
            }
        }
    }

    /** With the lock held. */
    private List<Use> usesOf(Scope scope, @Nullable FileUser by, Predicate<Use> counts) {
        return uses.stream()
                .filter(use -> !use.user.equals(by) && scope.has(use.file) && counts.test(use))
                .toList();
    }

    /** Claims names. */
    public FileClaim claim(List<Namespace.Meant> names, @Nullable FileUser by, InUse inUse) throws HoldfastException {
        List<String> paths = names.stream().map(Namespace.Meant::path).toList();
        List<Long> inodes = names.stream().map(Namespace.Meant::inode).toList();
        return claim(new Names(paths, inodes), String.join(", ", paths), by, inUse, use -> true);
    }

    /**
     * Claims a file, whatever its names.
     *
     * @param path its canonical path, or null
     */
    public FileClaim claimSize(long inode, @Nullable String path, @Nullable FileUser by, InUse inUse)
            throws HoldfastException {
        // Users that have not begun are cut off, too: they were told a size that no longer holds.
        String what = path == null ? "inode " + inode : path;
        return claim(new Size(inode, path), what, by, inUse, use -> inUse == InUse.CUT_OFF || use.user.hasBegun());
    }

    private FileClaim claim(Scope scope, String what, @Nullable FileUser by, InUse inUse, Predicate<Use> counts)
            throws HoldfastException {
        Claim claim = new Claim(scope, by);
        lock.lock();
        try {
            requireUnclaimed(scope, what, by);
            claims.add(claim);
        } finally {
            lock.unlock();
        }
        boolean done = false;
        try {
            awaitUnused(claim, by, inUse, counts);
            done = true;
            return claim;
        } finally {
            if (!done) {
                claim.close();
            }
        }
    }

    private void awaitUnused(Claim claim, @Nullable FileUser by, InUse inUse, Predicate<Use> counts)
            throws HoldfastException {
        long start = timing.nanoTime();
        Set<FileUser> asked = new HashSet<>();
        while (true) {
            List<Use> others = othersWhenChanged(claim.scope, by, counts, asked, start);
            if (others.isEmpty()) {
                return;
            }
            if (inUse == InUse.REFUSE) {
                throw inUse(others);
            }
            for (Use use : others) {
                String path = use.file.path();
                claim.cutOff.add(new FileClaim.CutOff(use.user.description(), path == null ? use.file.label() : path));
                if (asked.add(use.user)) {
                    use.user.cutOff();
                }
            }
            if (timing.nanoTime() - start >= WAIT_NANOS_MAX) {
                throw new HoldfastException(
                        ErrorCode.IN_USE,
                        "cut off, but not ended within %d s: %s; nothing was changed, try again"
                                .formatted(TimeUnit.NANOSECONDS.toSeconds(WAIT_NANOS_MAX), users(others)));
            }
        }
    }

    /** Returns the other uses. Waits first, as long as all of them were asked to end already. */
    private List<Use> othersWhenChanged(
            Scope scope, @Nullable FileUser by, Predicate<Use> counts, Set<FileUser> asked, long start)
            throws HoldfastException {
        lock.lock();
        try {
            List<Use> others = usesOf(scope, by, counts);
            long left = WAIT_NANOS_MAX - (timing.nanoTime() - start);
            while (!others.isEmpty() && left > 0 && others.stream().allMatch(use -> asked.contains(use.user))) {
                timing.await(lock, changed, left);
                others = usesOf(scope, by, counts);
                left = WAIT_NANOS_MAX - (timing.nanoTime() - start);
            }
            return others;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HoldfastException(ErrorCode.IN_USE, "interrupted while users were cut off", e);
        } finally {
            lock.unlock();
        }
    }

    private static HoldfastException claimed(String what, Claim claim) {
        return new HoldfastException(
                ErrorCode.IN_USE,
                "%s is being changed by %s; try again when that is done"
                        .formatted(what, claim.owner == null ? "this process" : claim.owner.description()));
    }

    private static HoldfastException inUse(List<Use> uses) {
        return new HoldfastException(
                ErrorCode.IN_USE,
                "in use, so nothing was changed; end its users, or have them cut off first with --disconnect: "
                        + users(uses));
    }

    /** Lists each file once, with its users. */
    private static String users(List<Use> uses) {
        List<String> files =
                uses.stream().map(use -> use.file.label()).distinct().toList();
        String shown = files.stream()
                .limit(SHOWN_MAX)
                .map(label -> label + " is open for "
                        + descriptions(uses.stream()
                                .filter(use -> use.file.label().equals(label))
                                .map(use -> use.user.description())
                                .toList()))
                .collect(Collectors.joining("; "));
        return files.size() <= SHOWN_MAX ? shown : shown + "; and %d more files".formatted(files.size() - SHOWN_MAX);
    }

    private static String descriptions(List<String> users) {
        String shown = users.stream().limit(SHOWN_MAX).collect(Collectors.joining(", "));
        return users.size() <= SHOWN_MAX ? shown : shown + " and %d more users".formatted(users.size() - SHOWN_MAX);
    }
}
