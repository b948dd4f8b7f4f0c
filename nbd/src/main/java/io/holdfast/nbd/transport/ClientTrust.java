package io.holdfast.nbd.transport;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Decides which client certificates are accepted: those that lead to an authority in {@code ca-cert.pem} by the rules
 * of RFC 5280, are for TLS clients, and are in no revocation list of {@code ca-crl.pem}. A refusal says why in words.
 *
 * <p>The server does not send the names of the authorities. A certificate request may carry them, for clients that have
 * several certificates to choose from. But GnuTLS then sends no RSA certificate: it chooses by the kinds of keys in the
 * request, takes {@code rsa_pss_rsae_…} for RSA-PSS keys alone, and finds no plain RSA there, because a Java server
 * does not offer {@code rsa_pkcs1_…} with TLS 1.3. Without names GnuTLS sends the certificate that it has.
 */
final class ClientTrust extends X509ExtendedTrustManager {
    private static final String AUTHORITIES = "ca-cert.pem";

    private final X509ExtendedTrustManager pkix;

    private ClientTrust(X509ExtendedTrustManager pkix) {
        this.pkix = pkix;
    }

    /**
     * Reads the authorities and, if there are any, the revocation lists.
     *
     * @throws IOException if a file cannot be used; the message names it and says why
     */
    static ClientTrust load(Path directory) throws IOException, GeneralSecurityException {
        Path file = directory.resolve(AUTHORITIES);
        List<X509Certificate> authorities = PemFiles.certificates(file);
        KeyStore store = Certificates.emptyStore();
        if (authorities.stream().allMatch(Certificates::hasExpired)) {
            Certificates.checkDates(file, authorities.getFirst());
        }
        for (X509Certificate authority : authorities) {
            store.setCertificateEntry("ca" + store.size(), authority);
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(store, new X509CertSelector());
        parameters.setRevocationEnabled(false);
        Path revoked = directory.resolve("ca-crl.pem");
        parameters.addCertPathChecker(
                Files.exists(revoked) ? PathChecks.load(revoked, authorities) : PathChecks.of(authorities));
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(new CertPathTrustManagerParameters(parameters));
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager pkix) {
                return new ClientTrust(pkix);
            }
        }
        throw new GeneralSecurityException("this Java has no trust manager for X.509");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        try {
            pkix.checkClientTrusted(chain, authType, engine);
        } catch (CertificateException e) {
            throw refusal(chain, e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw notForServers();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw notForServers();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw notForServers();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw notForServers();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw notForServers();
    }

    private static CertificateException notForServers() {
        return new CertificateException("only clients of an SSLEngine are verified here");
    }

    /** Says what is wrong with the certificate. The JDK's reasons do not name the certificate or its issuer. */
    private static CertificateException refusal(X509Certificate[] chain, CertificateException e) {
        CertificateException told = new CertificateException(reason(chain, e));
        told.addSuppressed(e);
        return told;
    }

    private static String reason(X509Certificate[] chain, CertificateException e) {
        for (X509Certificate certificate : chain) {
            String subject = "the certificate " + Certificates.subject(certificate);
            if (Certificates.hasExpired(certificate)) {
                return subject + " expired at " + certificate.getNotAfter().toInstant();
            }
            if (Certificates.isNotYetValid(certificate)) {
                return subject + " is not valid before "
                        + certificate.getNotBefore().toInstant();
            }
        }
        String subject = "the certificate " + Certificates.subject(chain[0]);
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
            if (cause instanceof PathChecks.Refused) {
                return String.valueOf(cause.getMessage());
            }
            if (cause instanceof CertPathBuilderException) {
                X509Certificate last = chain[chain.length - 1];
                return subject + " does not lead to an authority in " + AUTHORITIES + ": " + Certificates.issuer(last)
                        + " is the last issuer that the client showed";
            }
        }
        return subject + " is not good: " + cause.getMessage();
    }
}
