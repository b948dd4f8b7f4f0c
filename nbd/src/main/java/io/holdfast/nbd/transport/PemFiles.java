package io.holdfast.nbd.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads certificates, revocation lists and unencrypted private keys from PEM files (RFC 7468), as openssl and certtool
 * write them: text around the blocks is skipped. Keys may be PKCS#8, PKCS#1 (RSA) or SEC 1 (EC).
 */
final class PemFiles {
    /** More than any chain needs. */
    private static final long FILE_BYTES_MAX = 1 << 20;

    /** Matches a private key. Header lines, with dashes, may precede the base64. */
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \\1-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

    private PemFiles() {}

    static List<X509Certificate> certificates(Path file) throws IOException, GeneralSecurityException {
        try (InputStream in = blocks(file, "certificate", "CERTIFICATE", "X509 CERTIFICATE")) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException e) {
            throw new IOException(file + ": a certificate is not understood: " + e.getMessage(), e);
        }
    }

    static List<X509CRL> revocationLists(Path file) throws IOException, GeneralSecurityException {
        try (InputStream in = blocks(file, "revocation list", "X509 CRL")) {
            return CertificateFactory.getInstance("X.509").generateCRLs(in).stream()
                    .map(X509CRL.class::cast)
                    .toList();
        } catch (CRLException e) {
            throw new IOException(file + ": a revocation list is not understood: " + e.getMessage(), e);
        }
    }

    static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
        Matcher key = KEY.matcher(text(file));
        if (!key.find()) {
            throw new IOException(file + " holds no private key in PEM format");
        }
        if (key.group(1).startsWith("ENCRYPTED") || key.group(2).contains("ENCRYPTED")) {
            throw new IOException(
                    file + ": the private key is encrypted; decrypt it first, for example with: openssl pkey"
                            + " -in KEY -out server-key.pem");
        }
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(key.group(2));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": the private key is not valid base64", e);
        }
        byte[] pkcs8 = switch (key.group(1)) {
            case "PRIVATE KEY" -> der;
            case "RSA PRIVATE KEY" -> Pkcs8.wrapRsa(der);
            case "EC PRIVATE KEY" -> Pkcs8.wrapEc(der);
            default ->
                throw new IOException(file + ": a private key of the kind '" + key.group(1)
                        + "' cannot be used; RSA, EC and" + " Ed25519 keys can");
        };
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException e) {
                // Not a key of this algorithm; try the next.
            }
        }
        throw new IOException(file + ": the private key is none of " + ALGORITHMS);
    }

    /** Returns the blocks that have one of the labels, at least one. */
    private static InputStream blocks(Path file, String what, String... labels) throws IOException {
        StringBuilder wanted = new StringBuilder();
        Matcher block = BLOCK.matcher(text(file));
        while (block.find()) {
            if (List.of(labels).contains(block.group(1))) {
                wanted.append(block.group()).append('\n');
            }
        }
        if (wanted.isEmpty()) {
            throw new IOException(file + " holds no " + what + " in PEM format");
        }
        return new ByteArrayInputStream(wanted.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(Path file) throws IOException {
        try {
            if (Files.isDirectory(file)) {
                throw new IOException("TLS needs the file " + file + ", which is a directory");
            }
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new IOException(file + " is too large for a PEM file");
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new IOException("TLS needs the file " + file + ", which does not exist", e);
        } catch (AccessDeniedException e) {
            throw new IOException("TLS needs the file " + file + ", which this user may not read", e);
        }
    }
}
