package io.holdfast.nbd;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Collects the server's log lines until it is closed. */
final class LogWatch extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("io.holdfast.nbd");
    private final List<String> lines = new CopyOnWriteArrayList<>();

    LogWatch() {
        logger.setLevel(Level.INFO);
        logger.addHandler(this);
    }

    /** Returns the lines so far and forgets them. */
    List<String> take() {
        List<String> taken = List.copyOf(lines);
        lines.clear();
        return taken;
    }

    @Override
    public void publish(LogRecord record) {
        lines.add(new SimpleFormatter().formatMessage(record));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setLevel(null);
    }
}
