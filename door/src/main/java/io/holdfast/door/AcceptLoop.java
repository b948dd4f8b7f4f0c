package io.holdfast.door;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections until its socket is closed. If a descriptor, a thread or memory is short, it logs that once,
 * tries again until it succeeds, and logs that it does. A connection that was accepted and cannot be taken yet waits
 * meanwhile; the clients behind it wait in the socket's queue.
 *
 * <p>Invariant: {@link #run} returns only when the socket is closed.
 */
public final class AcceptLoop {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final String name;
    private final BooleanSupplier open;
    private final Source source;
    private final Taker taker;
    private boolean troubled;
    private long troubledAt;

    /** Where connections come from. */
    public interface Source {
        /** Waits for the next connection. */
        SocketChannel accept() throws IOException;
    }

    /** Serves them. */
    public interface Taker {
        /**
         * Takes over a connection; must not wait. If it throws an {@code IOException}, the loop closes this connection.
         * If it throws an error, something is short: it has taken over nothing, and the loop offers the same connection
         * again.
         */
        void take(SocketChannel socket) throws IOException;
    }

    /**
     * @param name the address, for the log
     * @param open whether the socket is still open
     */
    public AcceptLoop(String name, BooleanSupplier open, Source source, Taker taker) {
        this.name = name;
        this.open = open;
        this.source = source;
        this.taker = taker;
    }

    /** Accepts until the socket is closed. */
    public void run() {
        @Nullable SocketChannel waiting = null;
        while (open.getAsBoolean()) {
            try {
                if (waiting == null) {
                    waiting = source.accept();
                }
                hand(waiting);
                waiting = null;
                trouble(null);
            } catch (ClosedChannelException e) {
                // Usually the server is being stopped; the loop's condition tells.
            } catch (IOException | RuntimeException | Error e) {
                trouble(e);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        close(waiting);
    }

    private void hand(SocketChannel socket) {
        try {
            taker.take(socket);
        } catch (IOException e) {
            close(socket);
            log(System.Logger.Level.DEBUG, "{0}: a client was gone before it was served: {1}", name, e);
        }
    }

    /** Logs the beginning and the end of a shortage; {@code what} is null if there is none. */
    private void trouble(@Nullable Throwable what) {
        if (what != null && !troubled) {
            troubled = true;
            troubledAt = System.nanoTime();
            log(
                    System.Logger.Level.WARNING,
                    "{0}: no connection can be taken now, clients wait: {1}",
                    name,
                    what instanceof IOException ? what.getMessage() : what);
        } else if (what == null && troubled) {
            troubled = false;
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - troubledAt);
            log(System.Logger.Level.WARNING, "{0}: connections are taken again after {1} s", name, seconds);
        }
    }

    private static void log(System.Logger.Level level, String text, @Nullable Object... parameters) {
        try {
            LOG.log(level, text, parameters);
        } catch (RuntimeException | Error e) {
            // The logger may lack what the loop lacks, and nothing may end the loop.
        }
    }

    private static void close(@Nullable SocketChannel socket) {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // The connection is gone all the same.
            }
        }
    }
}
