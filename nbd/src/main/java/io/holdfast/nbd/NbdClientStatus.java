package io.holdfast.nbd;

import io.holdfast.nbd.PeerProcesses.PeerProcess;
import java.util.Optional;

/**
 * A connection at a moment.
 *
 * @param id of the connection, unique as long as the server has its volume open
 * @param export the name of what it has open; empty while it has not chosen
 * @param path of the file in the volume; empty while it has not chosen
 * @param readOnly it may not write
 * @param hasWritten it has changed the file, or tried
 * @param at the address of the server that it came to
 * @param from the host and port that it came from; empty at a unix socket
 * @param process at a unix socket, if it is known
 * @param certificate the common name of its certificate, or the fingerprint if it has no one name; empty without a certificate
 * @param openNanos since when it is connected
 * @param requests so far
 * @param bytesRead that it has asked for
 * @param bytesWritten that it has sent
 */
public record NbdClientStatus(
        long id,
        String export,
        String path,
        boolean readOnly,
        boolean hasWritten,
        String at,
        String from,
        Optional<PeerProcess> process,
        String certificate,
        long openNanos,
        long requests,
        long bytesRead,
        long bytesWritten) {}
