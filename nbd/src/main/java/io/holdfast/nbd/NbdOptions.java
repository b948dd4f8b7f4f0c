package io.holdfast.nbd;

import java.time.Duration;
import java.util.Optional;

/**
 * How to serve. The memory of a server is bounded by {@code bytesMax} plus about 1.5 MiB for each connection.
 *
 * @param readOnly refuse writes; also so if the volume is open read-only
 * @param sectorSize 1 serves any range of bytes. 512 or 4096 is announced as the minimum block; the server then answers
 *     EINVAL to requests that are not whole sectors, and refuses exports whose size is not a multiple of it
 * @param connectionsMax clients at once; the server tells one more why it is refused
 * @param tls encryption; without it STARTTLS is refused
 * @param requestsMax requests of one connection in flight; more wait in the client's socket
 * @param connectionBytesMax bytes in flight of one connection, at least 64 MiB so that every request fits
 * @param bytesMax bytes in flight of all connections together; beyond it the server serves a connection in small steps
 * @param handshakeTimeout from the connection to the choice of an export, even if the client sends options all the time
 */
public record NbdOptions(
        boolean readOnly,
        int sectorSize,
        int connectionsMax,
        Optional<NbdTls> tls,
        int requestsMax,
        long connectionBytesMax,
        long bytesMax,
        Duration handshakeTimeout) {
    public NbdOptions {
        if (sectorSize != 1 && sectorSize != 512 && sectorSize != 4096) {
            throw new IllegalArgumentException("the sector size must be 1, 512 or 4096, not " + sectorSize);
        }
        if (connectionsMax < 1 || requestsMax < 1 || connectionBytesMax < 64 << 20 || bytesMax < 0) {
            throw new IllegalArgumentException("a limit is too small");
        }
    }

    public static NbdOptions defaults() {
        return new NbdOptions(false, 1, 100, Optional.empty(), 128, 64L << 20, 256L << 20, Duration.ofSeconds(10));
    }

    public NbdOptions withReadOnly(boolean yes) {
        return new NbdOptions(
                yes, sectorSize, connectionsMax, tls, requestsMax, connectionBytesMax, bytesMax, handshakeTimeout);
    }

    public NbdOptions withSectorSize(int bytes) {
        return new NbdOptions(
                readOnly, bytes, connectionsMax, tls, requestsMax, connectionBytesMax, bytesMax, handshakeTimeout);
    }

    public NbdOptions withConnectionsMax(int max) {
        return new NbdOptions(
                readOnly, sectorSize, max, tls, requestsMax, connectionBytesMax, bytesMax, handshakeTimeout);
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
                handshakeTimeout);
    }

    public NbdOptions withRequestsMax(int max) {
        return new NbdOptions(
                readOnly, sectorSize, connectionsMax, tls, max, connectionBytesMax, bytesMax, handshakeTimeout);
    }

    public NbdOptions withBytesMax(long max) {
        return new NbdOptions(
                readOnly, sectorSize, connectionsMax, tls, requestsMax, connectionBytesMax, max, handshakeTimeout);
    }

    public NbdOptions withHandshakeTimeout(Duration timeout) {
        return new NbdOptions(
                readOnly, sectorSize, connectionsMax, tls, requestsMax, connectionBytesMax, bytesMax, timeout);
    }
}
