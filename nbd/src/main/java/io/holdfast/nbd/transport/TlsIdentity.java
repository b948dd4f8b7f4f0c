package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;

/**
 * The server's certificate and its trusted authorities, from a directory laid out as for QEMU and nbdkit:
 * {@code ca-cert.pem}, {@code server-cert.pem}, {@code server-key.pem} and, if there is one, {@code ca-crl.pem}.
 *
 * @param verifyPeer clients must present a certificate that {@code ca-cert.pem} vouches for
 */
public record TlsIdentity(SSLContext context, boolean verifyPeer) {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    /**
     * Reads the directory.
     *
     * @throws IOException if a file is missing, not understood, or of no use to any client, such as an expired
     *     certificate; the message names the file and says why
     */
    public static TlsIdentity load(Path directory, boolean verifyPeer) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new IOException("the TLS directory " + directory
                    + (Files.exists(directory) ? " is not a directory" : " does not exist"));
        }
        try {
            OwnCertificate own = OwnCertificate.load(directory);
            TrustManager[] trust = verifyPeer ? new TrustManager[] {ClientTrust.load(directory)} : new TrustManager[0];
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.keyManagers(), trust, null);
            return new TlsIdentity(context, verifyPeer);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the TLS files in " + directory + ": " + e.getMessage(), e);
        }
    }

    SSLEngine newEngine(SSLContext of) {
        SSLEngine engine = of.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(verifyPeer);
        engine.setEnabledProtocols(PROTOCOLS);
        return engine;
    }
}
