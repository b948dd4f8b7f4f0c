package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.Certificate;
import java.security.cert.PKIXCertPathChecker;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks a certificate path beyond the rules of RFC 5280: the authority has not expired, and no revocation list of
 * {@code ca-crl.pem} names a certificate of the path or is out of date. An issuer need not have a list, as with GnuTLS:
 * in a chain of authorities usually only the last one has one. Nothing is fetched over a network.
 *
 * <p>The validator clones this object for each path, and goes from the authority to the client's certificate.
 */
final class PathChecks extends PKIXCertPathChecker {
    /** The bit of cRLSign in a key's usage (RFC 5280, 4.2.1.3). */
    private static final int CRL_SIGN = 6;

    private final List<X509CRL> lists;
    private final List<X509Certificate> authorities;
    /** The issuer of the next certificate of the path; null if that is an authority. */
    private @Nullable X509Certificate issuer;

    private PathChecks(List<X509CRL> lists, List<X509Certificate> authorities) {
        this.lists = lists;
        this.authorities = authorities;
    }

    /** Why a certificate is refused, in words. */
    static final class Refused extends CertPathValidatorException {
        private static final long serialVersionUID = 1;

        Refused(String message, Reason reason) {
            super(message, null, null, -1, reason);
        }
    }

    /** Returns checks without revocation lists. */
    static PathChecks of(List<X509Certificate> authorities) {
        return new PathChecks(List.of(), authorities);
    }

    /** Reads the lists; the exception names the file and says what is wrong with it. */
    static PathChecks load(Path file, List<X509Certificate> authorities) throws IOException, GeneralSecurityException {
        List<X509CRL> lists = PemFiles.revocationLists(file);
        for (X509CRL list : lists) {
            if (list.hasUnsupportedCriticalExtension()) {
                throw new IOException(file + ": the list of " + name(list)
                        + " has a critical extension that is not known here, such as one of a list in parts");
            }
            if (isOutOfDate(list)) {
                throw new IOException(file + ": the list of " + name(list)
                        + " is out of date, its next update was due at "
                        + list.getNextUpdate().toInstant() + "; no certificate of that issuer would be accepted");
            }
            List<X509Certificate> issuers = authorities.stream()
                    .filter(a -> a.getSubjectX500Principal().equals(list.getIssuerX500Principal()))
                    .toList();
            // An intermediate authority is known only from a client's certificate, so its list is checked then.
            if (!issuers.isEmpty() && issuers.stream().noneMatch(a -> signed(a, list))) {
                throw new IOException(file + ": the list of " + name(list) + " is not signed by that authority");
            }
        }
        return new PathChecks(lists, authorities);
    }

    @Override
    public void init(boolean forward) throws CertPathValidatorException {
        if (forward) {
            throw new CertPathValidatorException("paths are checked from the authority on");
        }
        issuer = null;
    }

    @Override
    public boolean isForwardCheckingSupported() {
        return false;
    }

    @Override
    public Set<String> getSupportedExtensions() {
        return Set.of();
    }

    @Override
    public void check(Certificate next, Collection<String> unresolved) throws CertPathValidatorException {
        X509Certificate certificate = (X509Certificate) next;
        if (issuer == null) {
            checkAuthority(certificate);
        }
        for (X509CRL list : lists) {
            if (list.getIssuerX500Principal().equals(certificate.getIssuerX500Principal())) {
                check(list, certificate);
            }
        }
        issuer = certificate;
    }

    /** Checks the authority's dates: the validator does not, and an authority may expire while the server runs. */
    private void checkAuthority(X509Certificate certificate) throws Refused {
        List<X509Certificate> issuers = authorities.stream()
                .filter(a -> Certificates.isIssuer(a, certificate))
                .toList();
        if (!issuers.isEmpty() && issuers.stream().allMatch(Certificates::hasExpired)) {
            throw new Refused(
                    "the authority " + Certificates.subject(issuers.getFirst()) + " expired at "
                            + issuers.getFirst().getNotAfter().toInstant(),
                    CertPathValidatorException.BasicReason.EXPIRED);
        }
    }

    private void check(X509CRL list, X509Certificate certificate) throws Refused {
        X509Certificate before = issuer;
        List<X509Certificate> issuers = before == null ? authorities : List.of(before);
        String subject = "the certificate " + Certificates.subject(certificate);
        if (issuers.stream().noneMatch(i -> Certificates.isIssuer(i, certificate) && signed(i, list))) {
            throw new Refused(
                    subject + " cannot be checked: the revocation list of " + name(list)
                            + " is not signed by its issuer",
                    CertPathValidatorException.BasicReason.UNDETERMINED_REVOCATION_STATUS);
        }
        if (isOutOfDate(list)) {
            throw new Refused(
                    subject + " cannot be checked: the revocation list of " + name(list)
                            + " is out of date, its next update was due at "
                            + list.getNextUpdate().toInstant(),
                    CertPathValidatorException.BasicReason.UNDETERMINED_REVOCATION_STATUS);
        }
        X509CRLEntry entry = list.getRevokedCertificate(certificate);
        if (entry != null) {
            throw new Refused(
                    subject + " was revoked at " + entry.getRevocationDate().toInstant(),
                    CertPathValidatorException.BasicReason.REVOKED);
        }
    }

    private static boolean signed(X509Certificate issuer, X509CRL list) {
        boolean[] usage = issuer.getKeyUsage();
        if (usage != null && !usage[CRL_SIGN]) {
            return false;
        }
        try {
            list.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean isOutOfDate(X509CRL list) {
        return list.getNextUpdate() != null
                && Instant.now().isAfter(list.getNextUpdate().toInstant());
    }

    private static String name(X509CRL list) {
        return "'" + list.getIssuerX500Principal().getName() + "'";
    }
}
