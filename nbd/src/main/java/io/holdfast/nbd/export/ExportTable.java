package io.holdfast.nbd.export;

import io.holdfast.volume.FileUser;
import java.io.IOException;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/**
 * What clients find at an address.
 *
 * <p>Invariant: an export that a client may not see is answered exactly as one that does not exist.
 */
public interface ExportTable {
    /** Takes names. */
    interface Names {
        void name(String name) throws IOException;
    }

    /** Returns the same exports, opened in the name of a user: nobody takes a file away while that user has it open. */
    ExportTable as(FileUser user);

    /**
     * Passes on the names of all exports that a client may see.
     *
     * @param certificate of the client, verified; null if it has shown none
     */
    void list(@Nullable X509Certificate certificate, Names names) throws ExportException, IOException;

    /**
     * Opens the export that {@code name} leads to; the caller closes {@link Export#file()}.
     *
     * @param certificate of the client, verified; null if it has shown none
     */
    Export open(@Nullable X509Certificate certificate, String name) throws ExportException;
}
