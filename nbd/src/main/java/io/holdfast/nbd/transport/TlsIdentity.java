package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CRL;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * The server's certificate and whom it trusts, from a directory laid out as QEMU and nbdkit have it:
 * {@code ca-cert.pem}, {@code server-cert.pem}, {@code server-key.pem} and, if there is one, {@code ca-crl.pem}.
 *
 * @param verifyPeer clients must present a certificate that {@code ca-cert.pem} vouches for
 */
public record TlsIdentity(SSLContext context, boolean verifyPeer) {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final char[] NO_PASSWORD = {};

    /** Reads the directory; the exception names the file that is missing or not understood. */
    public static TlsIdentity load(Path directory, boolean verifyPeer) throws IOException {
        try {
            List<Certificate> chain = PemFiles.certificates(directory.resolve("server-cert.pem"));
            KeyStore own = emptyStore();
            own.setKeyEntry(
                    "server",
                    PemFiles.privateKey(directory.resolve("server-key.pem")),
                    NO_PASSWORD,
                    chain.toArray(Certificate[]::new));
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(own, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), verifyPeer ? trust(directory) : new TrustManager[0], null);
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

    private static TrustManager[] trust(Path directory) throws IOException, GeneralSecurityException {
        KeyStore authorities = emptyStore();
        int n = 0;
        for (Certificate certificate : PemFiles.certificates(directory.resolve("ca-cert.pem"))) {
            authorities.setCertificateEntry("ca" + n++, certificate);
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(authorities, new X509CertSelector());
        Path revoked = directory.resolve("ca-crl.pem");
        parameters.setRevocationEnabled(Files.exists(revoked));
        if (parameters.isRevocationEnabled()) {
            Collection<? extends CRL> lists = PemFiles.revocationLists(revoked);
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(new CertPathTrustManagerParameters(parameters));
        return factory.getTrustManagers();
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }
}
