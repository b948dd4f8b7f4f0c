package io.holdfast.nbd.handshake;

import io.holdfast.nbd.export.Exports;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.FileUser;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What every handshake of a server needs to know.
 *
 * @param tlsRequired nothing but STARTTLS and ABORT is answered before encryption
 * @param stopping whether the server is shutting down
 */
public record Greeter(Exports exports, Optional<TlsIdentity> tls, boolean tlsRequired, BooleanSupplier stopping) {
    /** Returns what the handshake of this user needs to know. */
    public Greeter as(FileUser user) {
        return new Greeter(exports.as(user), tls, tlsRequired, stopping);
    }
}
