package io.holdfast.nbd;

import io.holdfast.door.Alarms;
import io.holdfast.door.ChangeGate;
import io.holdfast.door.FileConnections;
import io.holdfast.door.PayloadPool;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.inject.Point;
import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.export.ExportTable;
import io.holdfast.nbd.export.FileWriters;
import io.holdfast.nbd.handshake.Greeter;
import io.holdfast.nbd.handshake.Handshake;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.transmission.Admission;
import io.holdfast.nbd.transmission.Meters;
import io.holdfast.nbd.transmission.Transmission;
import io.holdfast.nbd.transmission.WorkerPlaces;
import io.holdfast.nbd.transport.Connection;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.nbd.transport.StallWatch;
import io.holdfast.nbd.transport.TlsFailure;
import io.holdfast.nbd.transport.Transport;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection from the first byte to the last, on a thread of its own.
 *
 * <p>Invariants: one alarm limits the handshake and another the closing, so a client keeps a session alive only while
 * it is being served. {@code stalls}, which the thread of the alarms alone uses, ends a session whose client owes something for too
 * long. {@code transmission} is set once, at the end of the handshake. However a session ends, its connection is closed.
 */
final class Session implements Runnable {
    private static final long CLOSE_NANOS_MAX = TimeUnit.SECONDS.toNanos(2);
    /** After a cut-off the client has this long to receive the replies to its requests in flight. */
    private static final long CUT_OFF_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);
    /** How long a client may take to receive the refusal that there is no room. */
    private static final Duration REFUSAL_TIME_MAX = Duration.ofSeconds(2);

    private final NbdSessions.Client client;
    private final Greeter greeter;
    private final FileUser user;
    private final Transport transport;
    private final Shared shared;
    private final SessionLog log;
    private final StallWatch stalls;
    private final @Nullable String refusal;
    private final long accepted;
    private final long begun;
    private volatile @Nullable Export export;
    private volatile @Nullable Transmission transmission;
    private volatile boolean stopping;
    private volatile boolean busyAtStop;

    /**
     * @param exports what the client finds
     * @param refusal why the client is not served; null if it is
     */
    Session(
            Connection connection,
            Shared shared,
            ExportTable exports,
            NbdSessions.Client client,
            @Nullable String refusal) {
        this.client = client;
        this.user = new User(client.description());
        this.transport = new Transport(connection);
        this.shared = shared;
        this.log = new SessionLog(client.name(), client.at());
        this.stalls = new StallWatch(transport.progress(), shared.options().stallTimeout());
        this.refusal = refusal;
        this.accepted = shared.connections().mark();
        this.begun = shared.environment().timing().nanoTime();
        this.greeter = shared.greeter().at(exports).as(user);
    }

    /** What the sessions of a server have in common. */
    record Shared(
            NbdOptions options,
            Greeter greeter,
            PayloadPool pool,
            WorkerPlaces places,
            Meters meters,
            Alarms alarms,
            FileConnections connections,
            FileWriters writers,
            NbdEnvironment environment) {}

    @Override
    public void run() {
        try {
            serve();
            if (stopping) {
                drain();
            }
        } catch (IOException e) {
            if (!stopping) {
                log.ended(e);
            }
            if (e instanceof TlsFailure) {
                // Read what is left first: closing a socket with unread data resets the connection, and the reset may
                // overtake the alert.
                drain();
            }
        } catch (RuntimeException | Error e) {
            log.failed(e);
        } finally {
            close();
        }
    }

    private void serve() throws IOException {
        try (InputBuffer input = new InputBuffer(transport)) {
            Optional<Negotiated> result = negotiate(input);
            if (result.isPresent()) {
                serve(result.get(), input);
            }
        }
    }

    private void serve(Negotiated negotiated, InputBuffer input) throws IOException {
        try (negotiated) {
            StoredFile file = negotiated.export().file();
            export = negotiated.export();
            log.serves(negotiated.export(), description());
            Inject.at(Point.CLIENT_SERVED);
            ChangeGate gate = new ChangeGate(shared.environment().timing());
            try {
                shared.connections().enter(file.inode(), gate, accepted, () -> stopping);
                transmit(negotiated, input, gate);
            } finally {
                shared.connections().leave(file.inode(), gate);
            }
        }
    }

    /** This client as a user of the file it has chosen. */
    private final class User implements FileUser {
        private final String peer;

        User(String peer) {
            this.peer = peer;
        }

        @Override
        public String description() {
            return "NBD client " + peer;
        }

        @Override
        public boolean hasBegun() {
            Transmission phase = transmission;
            return phase != null && phase.hasBegun();
        }

        /**
         * Ends the input. The reading thread then sees its end, waits for the requests in flight, and closes the file.
         */
        @Override
        public void cutOff() {
            endInOrder("its file is to be changed or taken away");
        }
    }

    /** Begins no more requests, answers those in flight, and closes the connection. */
    void endInOrder(String reason) {
        try {
            log.cutOff(reason);
        } finally {
            stop();
            transport.shutdownInput();
        }
        var _ = shared.alarms().after(CUT_OFF_NANOS_MAX, transport::abort);
    }

    private Optional<Negotiated> negotiate(InputBuffer input) throws IOException {
        Duration time = shared.options().handshakeTimeout();
        if (refusal != null) {
            log.refused(refusal);
            time = time.compareTo(REFUSAL_TIME_MAX) < 0 ? time : REFUSAL_TIME_MAX;
        }
        Duration limit = time;
        Alarms.Alarm abort = shared.alarms()
                .after(
                        limit.toNanos(),
                        () -> cutOff("no export was chosen within " + limit.toMillis() / 1000.0 + " s"));
        try {
            return new Handshake(greeter, refusal, transport, input, log::refused).run();
        } finally {
            abort.cancel();
        }
    }

    private void transmit(Negotiated negotiated, InputBuffer input, ChangeGate gate) throws IOException {
        Transmission phase = new Transmission(
                negotiated,
                transport,
                input,
                shared.options(),
                shared.pool(),
                shared.places(),
                shared.meters(),
                gate,
                admission(negotiated.export()),
                shared.environment());
        transmission = phase;
        if (stopping) {
            phase.stop();
        }
        phase.run();
    }

    private Admission admission(Export opened) {
        X509Certificate certificate = transport.certificate();
        String identity =
                client.identity() + (certificate == null ? "" : " " + ClientCertificate.Fingerprint.of(certificate));
        FileWriters.Writer writer = new FileWriters.Writer(
                begun,
                identity,
                description(),
                opened.use().exclusive(),
                certificate == null && client.isKnownByUserAlone());
        return new Admission(
                opened,
                opened.file().inode(),
                shared.writers(),
                writer,
                shared.options().access().handover().toNanos());
    }

    /** Returns who the client is, with the certificate that it has shown. */
    private String description() {
        X509Certificate certificate = transport.certificate();
        return certificate == null
                ? client.description()
                : client.description() + ", with the certificate '"
                        + certificate.getSubjectX500Principal().getName() + "'";
    }

    /** Returns whether the client is told that there is no room, and never served. */
    boolean isRefused() {
        return refusal != null;
    }

    /** Returns what this connection is and has done. */
    NbdClientStatus status(long id) {
        Export opened = export;
        Transmission phase = transmission;
        X509Certificate certificate = transport.certificate();
        String name = certificate == null ? "" : ClientCertificate.CommonName.of(certificate);
        return new NbdClientStatus(
                id,
                opened == null ? "" : opened.name(),
                opened == null ? "" : opened.path(),
                opened != null && opened.readOnly(),
                phase != null && phase.hasTriedToWrite(),
                client.at(),
                client.from(),
                client.process(),
                name != null
                        ? name
                        : ClientCertificate.SHA256
                                + ClientCertificate.Fingerprint.of(Objects.requireNonNull(certificate)),
                shared.environment().timing().nanoTime() - begun,
                phase == null ? 0 : phase.requests(),
                phase == null ? 0 : phase.bytesRead(),
                phase == null ? 0 : phase.bytesWritten());
    }

    private void drain() {
        Alarms.Alarm abort = shared.alarms().after(CLOSE_NANOS_MAX, transport::abort);
        try {
            transport.drain();
        } finally {
            abort.cancel();
        }
    }

    private void close() {
        try {
            Alarms.Alarm abort = shared.alarms().after(CLOSE_NANOS_MAX, transport::abort);
            transport.close();
            abort.cancel();
        } catch (RuntimeException | Error e) {
            log.failed(e);
        } finally {
            transport.discard();
        }
    }

    /** Lets no further request begin; breaks off a handshake. */
    void stop() {
        stopping = true;
        Transmission phase = transmission;
        if (phase == null) {
            transport.abort();
        } else {
            busyAtStop = phase.isBusy();
            phase.stop();
        }
    }

    /**
     * Waits up to {@code nanos} for the replies to the requests in flight, then tells the client that nothing more
     * comes. Cuts off a client that does not take its replies in that time.
     */
    void finish(long nanos) throws InterruptedException {
        Transmission phase = transmission;
        if (phase == null) {
            transport.abort();
        } else if (!phase.awaitIdle(nanos)) {
            if (phase.hasEnded()) {
                log.waitedForNoLonger();
            } else {
                log.cutOff(
                        phase.isSending()
                                ? "the server stops, and it did not take its replies in time"
                                : "the server stops, and its requests in flight have not ended in time");
            }
            transport.abort();
        } else if (busyAtStop) {
            transport.shutdownOutput();
        } else {
            transport.shutdownInput();
        }
    }

    /** Ends the input, for a client that has had time to see the end of the stream and has not left. */
    void wake() {
        transport.shutdownInput();
    }

    /** Closes the connection at once; the log has the reason. */
    void cutOff(String reason) {
        try {
            log.cutOff(reason);
        } finally {
            transport.abort();
        }
    }

    /**
     * Closes the connection if the client has taken no reply, or sent nothing of a payload, for too long.
     *
     * @param now by the server's {@link io.holdfast.concurrent.Timing}
     */
    void endIfStalled(long now) {
        if (transmission != null && !Inject.off(Guard.STALL_LIMIT)) {
            stalls.look(now).ifPresent(this::cutOff);
        }
    }

    void abort() {
        transport.abort();
    }
}
