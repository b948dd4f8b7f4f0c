package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The open files or claims of one connection, by number. One thread uses it.
 *
 * <p>Invariant: at most {@code max} are open; a number is never used twice.
 *
 * @param <T> the kind of open object
 */
final class Handles<T> implements AutoCloseable {
    private final String kind;
    private final int max;
    private final Consumer<T> closer;
    private final Map<Long, T> open = new HashMap<>();
    private long next = 1;

    /** @param kind their name in messages, plural */
    Handles(String kind, int max, Consumer<T> closer) {
        this.kind = kind;
        this.max = max;
        this.closer = closer;
    }

    /** Takes over an open object and returns its number; closes it if there are too many. */
    long add(T opened) throws HoldfastException {
        if (open.size() >= max) {
            closer.accept(opened);
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    "this control connection has %d %s open; close some first".formatted(max, kind));
        }
        open.put(next, opened);
        return next++;
    }

    T get(long handle) throws HoldfastException {
        return Optional.ofNullable(open.get(handle))
                .orElseThrow(() -> new HoldfastException(
                        ErrorCode.CLOSED, "none of the open " + kind + " has the handle " + handle));
    }

    void close(long handle) throws HoldfastException {
        closer.accept(get(handle));
        open.remove(handle);
    }

    @Override
    public void close() {
        open.values().forEach(closer);
        open.clear();
    }
}
