package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Knows of which files changes were acknowledged that no flush has covered since. When a volume has failed and is opened
 * again, such changes may be gone. No flush of these files may succeed then: it would say that the changes are durable.
 *
 * <p>Invariant: a file is in {@link #notDurable} if a change of its contents was acknowledged after the begin of the last
 * flush that succeeded. It may be there although its changes were durable by other means.
 */
final class AcknowledgedChanges {
    private final Map<Long, OfFile> files = new ConcurrentHashMap<>();

    /** The changes of one file. */
    static final class OfFile {
        private final AtomicLong acknowledged = new AtomicLong();
        private final AtomicLong durable = new AtomicLong();
        private volatile @Nullable String path;
        private volatile boolean lost;

        /** Notes that a change was acknowledged. */
        void made() {
            acknowledged.incrementAndGet();
        }

        /** Returns a mark for {@link #flushed}, to be taken before a flush begins. */
        long mark() {
            return acknowledged.get();
        }

        /** Notes that a flush has succeeded. */
        void flushed(long mark) {
            durable.accumulateAndGet(mark, Math::max);
        }

        /** Throws {@code FAILED} if acknowledged changes were lost: then nothing may be reported as durable. */
        void requireKept() throws HoldfastException {
            if (lost) {
                throw new HoldfastException(
                        ErrorCode.FAILED,
                        "%s: writes that were acknowledged and not flushed may have been lost when the volume failed, so no flush of it succeeds; restart its clients, then accept the loss ('holdfast resume --accept')"
                                .formatted(path));
            }
        }

        private boolean isNotDurable() {
            return lost || acknowledged.get() > durable.get();
        }
    }

    /** Returns the changes of a file. */
    OfFile of(long inode, @Nullable String path) {
        OfFile file = files.computeIfAbsent(inode, _ -> new OfFile());
        if (path != null) {
            file.path = path;
        }
        return file;
    }

    /** Returns marks of all files, for {@link #flushed}. */
    Map<OfFile, Long> marks() {
        Map<OfFile, Long> marks = new ConcurrentHashMap<>();
        files.values().forEach(file -> marks.put(file, file.mark()));
        return marks;
    }

    /** Notes that everything has been made durable that was acknowledged before the marks were taken. */
    static void flushed(Map<OfFile, Long> marks) {
        marks.forEach(OfFile::flushed);
    }

    /** Returns the files with changes that no flush has covered, by number, with their paths. */
    Map<Long, String> notDurable() {
        Map<Long, String> found = new TreeMap<>();
        files.forEach((inode, file) -> {
            if (file.isNotDurable()) {
                String path = file.path;
                found.put(inode, path == null ? "inode " + inode : path);
            }
        });
        return found;
    }

    /** Refuses every flush of these files from now on. */
    void lose(Map<Long, String> lost) {
        lost.forEach((inode, path) -> of(inode, path).lost = true);
    }

    /** Returns the paths of the files whose flushes are refused. */
    Map<Long, String> lost() {
        Map<Long, String> found = notDurable();
        found.keySet().removeIf(inode -> !of(inode, null).lost);
        return found;
    }

    /** Lets flushes of a file succeed again. Returns false if they did before. */
    boolean accept(long inode) {
        OfFile file = of(inode, null);
        boolean was = file.lost;
        file.lost = false;
        return was;
    }
}
