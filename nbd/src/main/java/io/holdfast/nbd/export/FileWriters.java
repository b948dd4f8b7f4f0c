package io.holdfast.nbd.export;

import io.holdfast.concurrent.Timing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Which connections have changed which file, by its inode number. Several connections of one client count as one writer.
 *
 * <p>A second client may open a file that another one changes: the target of a migration does so, and begins to write when
 * the source has stopped. So what counts is the change, and if it has to wait for the other client, it may do that for a
 * time in which management software ends the source.
 *
 * <p>Invariant: if one of the writers of a file is exclusive, all of them are of one client.
 */
public final class FileWriters {
    private final Timing timing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Long, List<Writer>> files = new HashMap<>();

    public FileWriters(Timing timing) {
        this.timing = timing;
    }

    /**
     * A connection that changes a file.
     *
     * @param identity what all connections of its client have in common
     * @param name for messages
     * @param vague whether another client may have the same identity
     */
    public record Writer(long id, String identity, String name, boolean exclusive, boolean vague) {}

    /** What became of an attempt to write. */
    public sealed interface Answer {
        /** The connection is a writer now. */
        record Alone() implements Answer {}

        /** The connection is a writer now, beside another one of what counts as the same client and may be another. */
        record Likely(String other) implements Answer {}

        /** The connection is a writer now, beside another client. */
        record Beside(String other) implements Answer {}

        /** The connection must not write, since another client does. */
        record Refused(String other) implements Answer {}
    }

    /**
     * Makes a connection a writer, and waits for another client to leave if one of the two is exclusive.
     *
     * @param nanos how long to wait
     * @param given whether to give up; asked again after {@link #wake}
     */
    public Answer enter(long inode, Writer writer, long nanos, BooleanSupplier given) {
        lock.lock();
        try {
            long end = timing.nanoTime() + nanos;
            while (true) {
                List<Writer> all = files.getOrDefault(inode, List.of());
                Optional<Writer> stranger = all.stream()
                        .filter(other -> !other.identity().equals(writer.identity()))
                        .findFirst();
                boolean allowed = stranger.isEmpty()
                        || (!writer.exclusive() && all.stream().noneMatch(Writer::exclusive));
                if (allowed) {
                    Answer answer = stranger.isPresent()
                            ? new Answer.Beside(stranger.get().name())
                            : besideItsOwn(all, writer);
                    files.computeIfAbsent(inode, _ -> new ArrayList<>()).add(writer);
                    return answer;
                }
                long rest = end - timing.nanoTime();
                if (rest <= 0 || given.getAsBoolean()) {
                    return new Answer.Refused(stranger.get().name());
                }
                timing.await(lock, changed, rest);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer.Refused("another client");
        } finally {
            lock.unlock();
        }
    }

    private static Answer besideItsOwn(List<Writer> all, Writer writer) {
        boolean exclusive = writer.exclusive() || all.stream().anyMatch(Writer::exclusive);
        return writer.vague() && exclusive && !all.isEmpty()
                ? new Answer.Likely(all.getFirst().name())
                : new Answer.Alone();
    }

    /** Forgets a writer whose changes have ended. */
    public void leave(long inode, Writer writer) {
        lock.lock();
        try {
            List<Writer> all = files.get(inode);
            if (all != null && all.remove(writer) && all.isEmpty()) {
                files.remove(inode);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Has those that wait ask whether to give up. */
    public void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
