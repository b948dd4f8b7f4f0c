package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Knows of which files changes were acknowledged that no flush has covered since. When a volume has failed and is opened
 * again, such changes may be gone. No flush of these files may succeed then: it would say that the changes are durable.
 *
 * <p>Invariant: a file is in {@link #loss} if a change of its contents was acknowledged after the begin of the last
 * flush that succeeded. It may be there although its changes were durable by other means.
 */
final class AcknowledgedChanges {
    /** Files that nobody has open and that no flush has covered: of more than these only their number is kept. */
    static final int CLOSED_MAX = 4096;

    private final ConcurrentHashMap<Long, OfFile> files = new ConcurrentHashMap<>();
    /** Files that were dropped from the map, and how many of these a flush of the volume has covered since. */
    private final AtomicLong forgotten = new AtomicLong();

    private final AtomicLong forgottenDurable = new AtomicLong();
    /** Whether changes of files that are not in the map were lost: nobody knows of which. */
    private volatile boolean othersLost;

    /** The changes of one file. */
    static final class OfFile {
        private final AtomicLong acknowledged = new AtomicLong();
        private final AtomicLong durable = new AtomicLong();
        private volatile @Nullable String path;
        private volatile boolean lost;
        private boolean accepted;
        /** Handles; changed only while the map's entry is computed. */
        private int users;

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
            if (lost && !Inject.off(Guard.LOSS_REFUSES_FLUSH)) {
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

    /** Returns the changes of a file for a new handle, which calls {@link #closed} once. */
    OfFile opened(long inode, @Nullable String path) {
        OfFile opened = files.compute(inode, (_, known) -> {
            OfFile file = known == null ? newFile() : known;
            file.users++;
            return file;
        });
        if (path != null) {
            opened.path = path;
        }
        return opened;
    }

    private OfFile newFile() {
        OfFile file = new OfFile();
        file.lost = othersLost;
        return file;
    }

    /** Forgets a file that nobody has open, as far as nothing is known of it. */
    void closed(long inode) {
        files.computeIfPresent(inode, (_, file) -> {
            file.users--;
            if (file.users > 0 || file.accepted) {
                return file;
            }
            if (file.lost) {
                return othersLost ? null : file;
            }
            if (!file.isNotDurable()) {
                return null;
            }
            if (files.size() <= CLOSED_MAX) {
                return file;
            }
            forgotten.incrementAndGet();
            return null;
        });
    }

    /**
     * What was acknowledged at some moment.
     *
     * @param forgotten how many files were forgotten by then
     */
    record Marks(Map<OfFile, Long> files, long forgotten) {}

    /** Returns marks of all files, for {@link #flushed}. */
    Marks marks() {
        long before = forgotten.get();
        Map<OfFile, Long> marks = new HashMap<>();
        files.values().forEach(file -> marks.put(file, file.mark()));
        return new Marks(marks, before);
    }

    /** Notes that everything has been made durable that was acknowledged before the marks were taken. */
    void flushed(Marks marks) {
        marks.files.forEach(OfFile::flushed);
        forgottenDurable.accumulateAndGet(marks.forgotten, Math::max);
        for (Long inode : files.keySet()) {
            files.computeIfPresent(
                    inode, (_, file) -> file.users > 0 || file.accepted || file.isNotDurable() ? file : null);
        }
    }

    /**
     * Changes that were acknowledged and may be gone.
     *
     * @param files by number, with their paths
     * @param others whether there are such changes of files that nobody knows
     */
    record Loss(Map<Long, String> files, boolean others) {
        static final Loss NONE = new Loss(Map.of(), false);
    }

    /** Returns what is lost if all goes that no flush has covered. */
    Loss loss() {
        Map<Long, String> found = new TreeMap<>();
        files.forEach((inode, file) -> {
            if (file.isNotDurable()) {
                String path = file.path;
                found.put(inode, path == null ? "inode " + inode : path);
            }
        });
        return new Loss(found, othersLost || forgotten.get() > forgottenDurable.get());
    }

    /**
     * Refuses every flush of these files from now on.
     *
     * @param others refuse it of all files but those that are accepted
     */
    void lose(Map<Long, String> lost, boolean others) {
        othersLost |= others;
        lost.forEach((inode, path) -> files.compute(inode, (_, known) -> {
            OfFile file = known == null ? newFile() : known;
            file.lost = true;
            file.path = path;
            return file;
        }));
    }

    /** Returns the paths of the files whose flushes are refused. */
    List<String> lost() {
        List<String> found = new ArrayList<>();
        files.forEach((inode, file) -> {
            String path = file.path;
            if (file.lost) {
                found.add(path == null ? "inode " + inode : path);
            }
        });
        Collections.sort(found);
        if (othersLost) {
            found.add("all other files");
        }
        return found;
    }

    /** Returns whether flushes are refused of all files but those that are accepted. */
    boolean othersAreLost() {
        return othersLost;
    }

    /** Returns whether flushes of a file are refused. */
    boolean isLost(long inode) {
        OfFile file = files.get(inode);
        return file == null ? othersLost : file.lost;
    }

    /** Lets flushes of all files succeed again. */
    void acceptAll() {
        othersLost = false;
        files.values().forEach(file -> {
            file.lost = false;
            file.accepted = false;
        });
    }

    /** Lets flushes of a file succeed again. Returns false if they did before. */
    boolean accept(long inode) {
        boolean[] was = new boolean[1];
        files.compute(inode, (_, known) -> {
            OfFile file = known == null ? newFile() : known;
            was[0] = file.lost;
            file.lost = false;
            file.accepted |= was[0] && othersLost;
            return known == null && !was[0] ? null : file;
        });
        return was[0];
    }
}
