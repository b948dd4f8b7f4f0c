package io.holdfast.nbd;

import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.protocol.ProtocolException;
import io.holdfast.nbd.transport.TlsFailure;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Logs one connection: a line when it opens an export, and one if the server refuses it or if it does not end in order,
 * with the client and the reason.
 *
 * <p>A client that says goodbye gets no line; so does a probe, which connects and leaves without a word.
 */
final class SessionLog {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");

    private final String client;
    /** Where it came in. As a parameter that the text does not show, it gives the lines of each address a limit of their own. */
    private final String at;

    private volatile @Nullable String export;
    private volatile @Nullable String cutOff;
    private volatile @Nullable String refusal;

    SessionLog(String client, String at) {
        this.client = client;
        this.at = at;
    }

    /** The handshake has ended with this export; {@code who} describes the client. */
    void serves(Export opened, String who) {
        export = opened.name();
        LOG.log(
                Level.INFO,
                "client {0} opened {1} ({2}){3}",
                who,
                "'" + opened.name() + "'",
                opened.path(),
                opened.readOnly() ? ", read-only" : "",
                at);
    }

    /** The server has told the client that it will not be served. */
    void refused(String why) {
        if (why.equals(refusal)) {
            return;
        }
        refusal = why;
        LOG.log(Level.WARNING, "client {0} refused: {1}", client, why, at);
    }

    /** The server is about to break the connection. */
    void cutOff(String why) {
        boolean said = cutOff != null || isRefused();
        cutOff = why;
        LOG.log(said ? Level.DEBUG : Level.WARNING, "client {0} cut off: {1}", name(), why, at);
    }

    /** The server stops while the device still works on requests of a connection that has already ended. */
    void waitedForNoLonger() {
        boolean said = cutOff != null;
        cutOff = "";
        LOG.log(
                said ? Level.DEBUG : Level.WARNING,
                "client {0}: the connection has ended already, and the server stops without waiting for its requests"
                        + " in flight",
                name());
    }

    /**
     * Returns whether the client was refused and never served: then the way in which it leaves is not worth another
     * line.
     */
    private boolean isRefused() {
        return refusal != null && export == null;
    }

    /** The connection has ended in another way than by a goodbye. */
    void ended(IOException e) {
        if (cutOff != null) {
            return;
        }
        if (isRefused() && !(e instanceof ProtocolException || e instanceof TlsFailure)) {
            LOG.log(Level.DEBUG, "client {0} left when it was refused: {1}", client, text(e));
            return;
        }
        switch (e) {
            case TlsFailure tls -> LOG.log(Level.WARNING, "client {0}: TLS failed: {1}", client, tls.getMessage());
            case ProtocolException wrong ->
                LOG.log(
                        Level.WARNING,
                        "client {0} broke the protocol and was cut off: {1}",
                        name(),
                        wrong.getMessage());
            case IOException left
            when export == null && String.valueOf(left.getMessage()).contains("Broken pipe") ->
                // Some clients close at once when they have what they came for, or when they are refused.
                LOG.log(Level.DEBUG, "client {0} left before its last reply", client);
            case EOFException end
            when export == null && String.valueOf(end.getMessage()).contains("middle") ->
                LOG.log(Level.INFO, "client {0} left before it chose an export: {1}", client, end.getMessage());
            case EOFException end
            when export == null ->
                LOG.log(Level.DEBUG, "client {0} left before it chose an export: {1}", client, end.getMessage());
            case EOFException end ->
                LOG.log(Level.INFO, "client {0} left without a goodbye: {1}", name(), end.getMessage());
            default -> LOG.log(Level.WARNING, "client {0}: the connection broke: {1}", name(), text(e));
        }
    }

    /** The session failed by a defect, or for lack of memory. */
    void failed(Throwable e) {
        try {
            LOG.log(Level.ERROR, "client " + name() + ": the connection failed in an unexpected way", e);
        } catch (RuntimeException | Error also) {
            // The log may lack memory or a descriptor; the session must end all the same.
        }
    }

    private String name() {
        String served = export;
        return served == null ? client : client + " of '" + served + "'";
    }

    private static String text(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
