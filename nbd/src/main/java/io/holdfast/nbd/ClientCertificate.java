package io.holdfast.nbd;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/** Which client certificate is meant: by the common name of its subject, or by its SHA-256 fingerprint. */
public sealed interface ClientCertificate {
    /** What a fingerprint begins with. */
    String SHA256 = "sha256:";

    /** Returns whether the certificate is meant. The caller has verified it. */
    boolean matches(X509Certificate certificate);

    /**
     * Parses a common name, or {@code sha256:} and 64 hexadecimal digits, with or without colons between them.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    static ClientCertificate parse(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("a client is the common name of its certificate, or " + SHA256
                    + " and the fingerprint; it is empty");
        }
        if (!text.startsWith(SHA256)) {
            return new CommonName(text);
        }
        String digits = text.substring(SHA256.length()).replace(":", "").toLowerCase(Locale.ROOT);
        if (!Fingerprint.FORM.matcher(digits).matches()) {
            throw new IllegalArgumentException("'" + text + "' is no fingerprint: it has 64 hexadecimal digits, as"
                    + " 'openssl x509 -noout -fingerprint -sha256 -in client-cert.pem' prints them");
        }
        return new Fingerprint(digits);
    }

    /** Meant by name. A certificate with several common names is not meant by any of them. */
    record CommonName(String name) implements ClientCertificate {
        @Override
        public boolean matches(X509Certificate certificate) {
            return name.equals(of(certificate));
        }

        /** Returns the common name of the subject; null if it has none, or several. */
        public static @Nullable String of(X509Certificate certificate) {
            try {
                List<String> names = new ArrayList<>();
                for (Rdn part :
                        new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                    // A part may have several names, as in CN=a+CN=b.
                    Attribute own = part.toAttributes().get("CN");
                    for (int i = 0; own != null && i < own.size(); i++) {
                        names.add(String.valueOf(own.get(i)));
                    }
                }
                return names.size() == 1 ? names.getFirst() : null;
            } catch (NamingException e) {
                return null;
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Meant by its SHA-256 over the encoded certificate, in small hexadecimal digits. */
    record Fingerprint(String digits) implements ClientCertificate {
        private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

        @Override
        public boolean matches(X509Certificate certificate) {
            return digits.equals(of(certificate));
        }

        /** Returns the fingerprint of a certificate. */
        public static String of(X509Certificate certificate) {
            try {
                byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
                return HexFormat.of().formatHex(hash);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("a certificate that was verified has an encoding", e);
            }
        }

        @Override
        public String toString() {
            return SHA256 + digits;
        }
    }
}
