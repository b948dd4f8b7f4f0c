package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;

/** Describes and tests single certificates, for all classes that read them. */
final class Certificates {
    private Certificates() {}

    /** Returns the subject, in quotes. */
    static String subject(X509Certificate certificate) {
        return "'" + certificate.getSubjectX500Principal().getName() + "'";
    }

    /** Returns the issuer, in quotes. */
    static String issuer(X509Certificate certificate) {
        return "'" + certificate.getIssuerX500Principal().getName() + "'";
    }

    static boolean hasExpired(X509Certificate certificate) {
        return Instant.now().isAfter(certificate.getNotAfter().toInstant());
    }

    static boolean isNotYetValid(X509Certificate certificate) {
        return Instant.now().isBefore(certificate.getNotBefore().toInstant());
    }

    /** Refuses a certificate that is not valid today; the message names the file. */
    static void checkDates(Path file, X509Certificate certificate) throws IOException {
        if (hasExpired(certificate)) {
            throw new IOException(file + ": the certificate " + subject(certificate) + " expired at "
                    + certificate.getNotAfter().toInstant());
        }
        if (isNotYetValid(certificate)) {
            throw new IOException(file + ": the certificate " + subject(certificate) + " is not valid before "
                    + certificate.getNotBefore().toInstant());
        }
    }

    /** Returns whether {@code issuer} signed {@code certificate}. */
    static boolean isIssuer(X509Certificate issuer, X509Certificate certificate) {
        if (!issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            return false;
        }
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
