package io.holdfast.nbd;

import java.time.Duration;
import java.util.Optional;

/**
 * How to serve.
 *
 * <p>The memory of a server for payloads and the protocol is at most {@code bytesMax} and 1.5 MiB for each connection: 1 MiB
 * for small steps, 256 KiB for what it receives, 67 KiB for the headers of replies, and the rest for requests in flight. With
 * TLS it is 0.6 MiB more for each connection. Of {@code bytesMax} each of {@code connectionsMax} connections always gets its
 * part of one half. A connection may borrow from the other half, at most three quarters of what the others leave of it.
 *
 * @param readOnly refuse writes; also so if the volume is open read-only
 * @param sectorSize 1 serves any range of bytes. 512 or 4096 is announced as the minimum block; the server then answers
 *     EINVAL to requests that are not whole sectors, and refuses exports whose size is not a multiple of it
 * @param connectionsMax clients at once; the server tells one more why it is refused
 * @param tls encryption; without it STARTTLS is refused
 * @param requestsMax requests of one connection in flight; more wait in the client's socket
 * @param connectionBytesMax bytes in flight of one connection, at least 64 MiB so that every request fits
 * @param bytesMax bytes in flight of all connections together; the server serves a connection that may have no more of it
 *     in small steps
 * @param handshakeTimeout from the connection to the choice of an export, even if the client sends options all the time
 * @param stallTimeout positive, at most 292 years. How long a client may take none of its replies, or send nothing of a
 *     payload that it has begun, before the server ends its connection; the server looks eight times in this time, so it may
 *     take a quarter longer. Replies go to the socket in pieces of about 1 MiB; one piece that is taken in this time is
 *     enough. A client that owes nothing may be silent for ever
 * @param access who finds and opens what
 */
public record NbdOptions(
        boolean readOnly,
        int sectorSize,
        int connectionsMax,
        Optional<NbdTls> tls,
        int requestsMax,
        long connectionBytesMax,
        long bytesMax,
        Duration handshakeTimeout,
        Duration stallTimeout,
        NbdAccess access) {
    public NbdOptions {
        if (sectorSize != 1 && sectorSize != 512 && sectorSize != 4096) {
            throw new IllegalArgumentException("the sector size must be 1, 512 or 4096, not " + sectorSize);
        }
        if (connectionsMax < 1
                || requestsMax < 1
                || connectionBytesMax < 64 << 20
                || bytesMax < 0
                || stallTimeout.isNegative()
                || stallTimeout.isZero()) {
            throw new IllegalArgumentException("a limit is too small");
        }
    }

    /** Bytes that a connection may take beyond its part of {@code bytesMax}. */
    private static final long CONNECTION_BYTES = 3L << 19;

    /** Bytes of encryption for a connection in addition. */
    private static final long TLS_BYTES = 5L << 17;

    public static NbdOptions defaults() {
        return new NbdOptions(
                false,
                1,
                100,
                Optional.empty(),
                128,
                64L << 20,
                256L << 20,
                Duration.ofSeconds(10),
                Duration.ofMinutes(5),
                NbdAccess.ALL);
    }

    /** Returns the bytes that each connection may take beyond its part of {@code bytesMax}. */
    public long connectionBytes() {
        return CONNECTION_BYTES + (tls.isPresent() ? TLS_BYTES : 0);
    }

    public NbdOptions withReadOnly(boolean yes) {
        return new NbdOptions(
                yes,
                sectorSize,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withSectorSize(int bytes) {
        return new NbdOptions(
                readOnly,
                bytes,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withConnectionsMax(int max) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                max,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withTls(NbdTls encryption) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                Optional.of(encryption),
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withRequestsMax(int max) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                tls,
                max,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withBytesMax(long max) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                max,
                handshakeTimeout,
                stallTimeout,
                access);
    }

    public NbdOptions withHandshakeTimeout(Duration timeout) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                timeout,
                stallTimeout,
                access);
    }

    public NbdOptions withStallTimeout(Duration timeout) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                timeout,
                access);
    }

    public NbdOptions withAccess(NbdAccess who) {
        return new NbdOptions(
                readOnly,
                sectorSize,
                connectionsMax,
                tls,
                requestsMax,
                connectionBytesMax,
                bytesMax,
                handshakeTimeout,
                stallTimeout,
                who);
    }
}
