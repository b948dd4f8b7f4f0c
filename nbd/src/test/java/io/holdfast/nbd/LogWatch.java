package io.holdfast.nbd;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Collects the server's log lines until it is closed. */
final class LogWatch extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("io.holdfast.nbd");
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final List<String> opened = new CopyOnWriteArrayList<>();

    LogWatch() {
        logger.setLevel(Level.INFO);
        logger.addHandler(this);
    }

    /** Returns the other lines so far and forgets them. */
    List<String> take() {
        List<String> taken = List.copyOf(lines);
        lines.clear();
        return taken;
    }

    /** Returns the lines so far that say who has opened what. These may come after the client was told. */
    List<String> opened() {
        return List.copyOf(opened);
    }

    /** Waits until there is a line with this text, and leaves it. */
    void await(String text) throws InterruptedException {
        lock.lock();
        try {
            while (lines.stream().noneMatch(line -> line.contains(text))) {
                added.await();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void publish(LogRecord record) {
        String line = new SimpleFormatter().formatMessage(record);
        lock.lock();
        try {
            (line.contains(" opened '") ? opened : lines).add(line);
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setLevel(null);
    }
}
