package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * The server's certificate chain and its private key.
 *
 * <p>Invariant: as far as the server can know, a client that trusts the issuer of the last certificate accepts the
 * first one today. So the server finds at its start, before any client does, what would make every client refuse it.
 *
 * @param chain the server's own certificate, then its issuer's and so on; the authority's own may be left out
 */
record OwnCertificate(List<X509Certificate> chain, PrivateKey key) {
    private static final String CERTIFICATE = "server-cert.pem";
    private static final String KEY = "server-key.pem";
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String ANY_USAGE = "2.5.29.37.0";
    /** The bit of digitalSignature in a key's usage (RFC 5280, 4.2.1.3). */
    private static final int DIGITAL_SIGNATURE = 0;

    private static final PSSParameterSpec PSS_SHA256 =
            new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, PSSParameterSpec.TRAILER_FIELD_BC);

    private static final char[] NO_PASSWORD = {};

    /**
     * Reads and checks the two files.
     *
     * @throws IOException if a file cannot be used; the message names it and says why
     */
    static OwnCertificate load(Path directory) throws IOException, GeneralSecurityException {
        Path file = directory.resolve(CERTIFICATE);
        List<X509Certificate> chain = PemFiles.certificates(file);
        OwnCertificate own = new OwnCertificate(chain, PemFiles.privateKey(directory.resolve(KEY)));
        if (!own.keyMatches()) {
            throw new IOException(directory.resolve(KEY) + " is not the key of the first certificate in " + file + ", "
                    + name(chain.getFirst()));
        }
        own.checkOrder(file);
        for (X509Certificate certificate : chain) {
            Certificates.checkDates(file, certificate);
        }
        own.checkUsage(file);
        return own;
    }

    /** Returns key managers that present this certificate in a handshake. */
    KeyManager[] keyManagers() throws IOException, GeneralSecurityException {
        KeyStore store = Certificates.emptyStore();
        store.setKeyEntry("server", key, NO_PASSWORD, chain.toArray(Certificate[]::new));
        KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    /** Returns whether the certificate's public key verifies what the private key signs. */
    private boolean keyMatches() throws GeneralSecurityException {
        byte[] message = {1, 2, 3};
        Signature signature = signature();
        try {
            signature.initSign(key);
            signature.update(message);
            byte[] signed = signature.sign();
            signature.initVerify(chain.getFirst().getPublicKey());
            signature.update(message);
            return signature.verify(signed);
        } catch (InvalidKeyException | SignatureException e) {
            // The two keys are of different kinds.
            return false;
        }
    }

    private Signature signature() throws GeneralSecurityException {
        return switch (key.getAlgorithm()) {
            case "RSA" -> Signature.getInstance("SHA256withRSA");
            case "EC" -> Signature.getInstance("SHA256withECDSA");
            case "RSASSA-PSS" -> {
                Signature pss = Signature.getInstance("RSASSA-PSS");
                AlgorithmParameterSpec own = key instanceof RSAKey rsa ? rsa.getParams() : null;
                pss.setParameter(own != null ? own : PSS_SHA256);
                yield pss;
            }
            default -> Signature.getInstance(key.getAlgorithm());
        };
    }

    private void checkOrder(Path file) throws IOException {
        for (int i = 1; i < chain.size(); i++) {
            X509Certificate subject = chain.get(i - 1);
            X509Certificate issuer = chain.get(i);
            if (!Certificates.isIssuer(issuer, subject)) {
                throw new IOException(file
                        + ": its certificates must begin with the server's own, followed by that of its"
                        + " issuer and so on; but number " + (i + 1) + ", " + name(issuer) + ", did not issue the one"
                        + " before, " + name(subject));
            }
        }
    }

    /** Requires a key that may sign: TLS 1.3 needs one, and so does TLS 1.2 with a key agreement. */
    private void checkUsage(Path file) throws IOException, GeneralSecurityException {
        X509Certificate first = chain.getFirst();
        boolean[] usage = first.getKeyUsage();
        if (usage != null && !usage[DIGITAL_SIGNATURE]) {
            throw new IOException(file + ": the key usage of the certificate " + name(first)
                    + " lacks digitalSignature, which TLS needs");
        }
        List<String> extended = first.getExtendedKeyUsage();
        if (extended != null && !extended.contains(SERVER_AUTH) && !extended.contains(ANY_USAGE)) {
            throw new IOException(file + ": the extended key usage of the certificate " + name(first)
                    + " lacks serverAuth, so clients would refuse it");
        }
    }

    private static String name(X509Certificate certificate) {
        return Certificates.subject(certificate);
    }
}
