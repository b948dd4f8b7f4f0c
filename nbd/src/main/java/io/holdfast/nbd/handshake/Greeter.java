package io.holdfast.nbd.handshake;

import io.holdfast.nbd.export.ExportTable;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.volume.FileUser;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What every handshake of a server needs to know.
 *
 * @param exports what the client finds
 * @param lists whether it may list them
 * @param tlsRequired nothing but STARTTLS and ABORT is answered before encryption
 * @param stopping whether the server is shutting down
 */
public record Greeter(
        ExportTable exports, boolean lists, Optional<TlsIdentity> tls, boolean tlsRequired, BooleanSupplier stopping) {
    /** Returns the same for clients that find other exports. */
    public Greeter at(ExportTable table) {
        return new Greeter(table, lists, tls, tlsRequired, stopping);
    }

    /** Returns what the handshake of this user needs to know. */
    public Greeter as(FileUser user) {
        return new Greeter(exports.as(user), lists, tls, tlsRequired, stopping);
    }
}
