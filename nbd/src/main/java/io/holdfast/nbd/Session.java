package io.holdfast.nbd;

import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.handshake.Handshake;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.transmission.BufferPool;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transmission.Transmission;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.nbd.transport.Transport;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection from the first byte to the last, on a platform thread of its own.
 *
 * <p>Invariants: a timer limits the handshake and another one the closing, so a client can hold a session only by being
 * served. {@code transmission} is set once, when the handshake has ended.
 */
final class Session implements Runnable {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final long CLOSE_SECONDS_MAX = 2;

    private final Transport transport;
    private final Shared shared;
    private final @Nullable String refusal;
    private volatile @Nullable Transmission transmission;
    private volatile boolean stopping;

    Session(SocketChannel socket, Shared shared, @Nullable String refusal) {
        this.transport = new Transport(socket);
        this.shared = shared;
        this.refusal = refusal;
    }

    /** What the sessions of a server have in common. */
    record Shared(
            NbdOptions options, Greeter greeter, BufferPool pool, Meters meters, ScheduledExecutorService timer) {}

    @Override
    public void run() {
        try {
            serve();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "connection ended: {0}", e.toString());
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a connection failed in an unexpected way", e);
        } finally {
            ScheduledFuture<?> abort = shared.timer().schedule(transport::abort, CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
            transport.close();
            abort.cancel(false);
        }
    }

    private void serve() throws IOException {
        InputBuffer input = new InputBuffer(transport);
        long nanos = shared.options().handshakeTimeout().toNanos();
        ScheduledFuture<?> abort = shared.timer().schedule(transport::abort, nanos, TimeUnit.NANOSECONDS);
        Optional<Negotiated> result;
        try {
            result = new Handshake(shared.greeter(), refusal, transport, input).run();
        } finally {
            abort.cancel(false);
        }
        if (result.isPresent()) {
            Negotiated negotiated = result.get();
            try (StoredFile _ = negotiated.export().file()) {
                Transmission phase = new Transmission(
                        negotiated, transport, input, shared.options(), shared.pool(), shared.meters());
                transmission = phase;
                if (stopping) {
                    phase.stop();
                }
                phase.run();
            }
        }
    }

    /** From now on everything new is refused. */
    void stop() {
        stopping = true;
        Transmission phase = transmission;
        if (phase != null) {
            phase.stop();
        }
    }

    /** Ends the session as soon as nothing is in flight, but waits no longer than {@code nanos} for that. */
    void finish(long nanos) throws InterruptedException {
        Transmission phase = transmission;
        if (phase != null && phase.awaitIdle(nanos)) {
            transport.shutdownInput();
        } else {
            transport.abort();
        }
    }

    void abort() {
        transport.abort();
    }
}
