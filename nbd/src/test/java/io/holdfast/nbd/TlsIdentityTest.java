package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.TestPki.Key;
import io.holdfast.nbd.transport.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server refuses at once a TLS directory with which it could serve no client; the message has the file and the
 * reason.
 */
@Timeout(120)
class TlsIdentityTest {
    private static final String SERVER = "tls_www_server";
    private static final String SIGNS = "signing_key";

    @TempDir
    static Path shared;

    private static TestPki pki;
    private static Path good;

    @TempDir
    Path directory;

    @BeforeAll
    static void make() throws IOException {
        pki = new TestPki(shared);
        pki.authority("ca", Key.EC);
        pki.authority("other", Key.EC);
        pki.authorityBelow("ca", "between", Key.EC);
        pki.issue("ca", "server", Key.EC, SERVER, SIGNS);
        pki.issue("between", "server-below", Key.EC, SERVER, SIGNS);
        good = pki.server("good", Key.EC, "server");
    }

    @BeforeEach
    void copy() throws IOException {
        for (String file : new String[] {"ca-cert.pem", "server-cert.pem", "server-key.pem"}) {
            Files.copy(good.resolve(file), directory.resolve(file));
        }
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private void takeCertificate(String... chain) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : chain) {
            all.append(Files.readString(shared.resolve(name + ".crt")));
        }
        Files.writeString(file("server-cert.pem"), all);
    }

    private void isRefused(String... parts) {
        assertThatThrownBy(() -> TlsIdentity.load(directory, true))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(parts);
    }

    private void isTaken() throws IOException {
        assertThat(TlsIdentity.load(directory, true).verifyPeer()).isTrue();
    }

    @Test
    void filesThatAreMissingOrNone() throws IOException {
        isTaken();
        assertThatThrownBy(() -> TlsIdentity.load(directory.resolve("no"), true))
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TlsIdentity.load(file("ca-cert.pem"), true))
                .hasMessageContaining("is not a directory");
        for (String name : new String[] {"ca-cert.pem", "server-key.pem", "server-cert.pem"}) {
            Path aside = Files.move(file(name), file("aside"), StandardCopyOption.REPLACE_EXISTING);
            isRefused(name, "does not exist");
            Files.createDirectory(file(name));
            isRefused(name, "is a directory");
            Files.delete(file(name));
            Files.writeString(file(name), "nothing\n");
            isRefused(name, "holds no", "in PEM format");
            Files.copy(aside, file(name), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.writeString(file("ca-crl.pem"), "nothing\n");
        isRefused("ca-crl.pem", "holds no revocation list");
        Files.delete(file("ca-crl.pem"));
        String broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        Files.writeString(file("server-cert.pem"), broken);
        isRefused("server-cert.pem", "not understood");
        Path empty = Files.createDirectory(directory.resolve("empty"));
        assertThatThrownBy(() -> TlsIdentity.load(empty, false)).hasMessageContaining("server-cert.pem");
    }

    @Test
    void aKeyThatIsEncryptedOrOfAnotherCertificate() throws IOException {
        String key = file("server-key.pem").toString();
        pki.openssl("pkey -aes256 -passout pass:secret -in " + good.resolve("server-key.pem") + " -out " + key);
        isRefused("server-key.pem", "is encrypted", "openssl pkey");
        pki.openssl("ec -aes128 -passout pass:secret -in " + good.resolve("server-key.pem") + " -out " + key);
        isRefused("server-key.pem", "is encrypted");
        for (Key other : new Key[] {Key.RSA, Key.RSA_PKCS1, Key.EC_SEC1, Key.ED25519}) {
            pki.issue("ca", "any", other, SERVER);
            Files.copy(shared.resolve("key-" + other + ".pem"), Path.of(key), StandardCopyOption.REPLACE_EXISTING);
            isRefused("server-key.pem is not the key of the first certificate", "'CN=server'");
        }
        pki.openssl("genpkey -algorithm x25519 -out " + key);
        isRefused("server-key.pem", "none of");
        pki.openssl("dsaparam -genkey -noout -out " + key + " 1024");
        isRefused("server-key.pem");
    }

    @Test
    void everyFormOfKey() throws IOException {
        for (Key kind : Key.values()) {
            pki.issue("ca", "form", kind, SERVER, SIGNS);
            takeCertificate("form");
            Path key = shared.resolve("key-" + kind + ".pem");
            Files.writeString(file("server-key.pem"), "Private key - of somebody\n\n" + Files.readString(key));
            isTaken();
        }
        pki.openssl("genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out " + file("server-key.pem"));
        pki.openssl(
                "req -x509 -key " + file("server-key.pem") + " -subj /CN=pss -days 2 -out " + file("server-cert.pem"));
        isTaken();
    }

    @Test
    void chains() throws IOException {
        takeCertificate("server-below", "between");
        Files.copy(good.resolve("server-key.pem"), file("server-key.pem"), StandardCopyOption.REPLACE_EXISTING);
        isTaken();
        takeCertificate("server-below", "between", "ca");
        isTaken();
        takeCertificate("server", "other");
        isRefused("server-cert.pem", "number 2, 'CN=other', did not issue the one before, 'CN=server'");
        takeCertificate("server-below", "ca", "between");
        isRefused("number 2, 'CN=ca'");
    }

    @Test
    void certificatesThatNoClientWouldAccept() throws IOException {
        pki.issue(
                "ca",
                "old",
                Key.EC,
                SERVER,
                SIGNS,
                "activation_date = \"2020-01-01 00:00:00\"",
                "expiration_date = \"2021-01-01 00:00:00\"");
        takeCertificate("old");
        isRefused("server-cert.pem", "'CN=old' expired at 2021-01-01");
        pki.issue(
                "ca",
                "early",
                Key.EC,
                SERVER,
                SIGNS,
                "activation_date = \"2090-01-01 00:00:00\"",
                "expiration_date = \"2091-01-01 00:00:00\"");
        takeCertificate("early");
        isRefused("server-cert.pem", "'CN=early' is not valid before 2090-01-01");
        pki.issue("ca", "of-a-client", Key.EC, "tls_www_client", SIGNS);
        takeCertificate("of-a-client");
        isRefused("server-cert.pem", "'CN=of-a-client'", "serverAuth");
        // certtool lets any other key sign, whatever the template says.
        pki.issue("ca", "does-not-sign", Key.RSA, SERVER, "encryption_key");
        takeCertificate("does-not-sign");
        Files.copy(shared.resolve("key-RSA.pem"), file("server-key.pem"), StandardCopyOption.REPLACE_EXISTING);
        isRefused("server-cert.pem", "'CN=does-not-sign'", "digitalSignature");
    }

    @Test
    void authoritiesAndTheirLists() throws IOException {
        pki.authority(
                "old-ca",
                Key.EC,
                "activation_date = \"2020-01-01 00:00:00\"",
                "expiration_date = \"2021-01-01 00:00:00\"");
        pki.authorities(directory, "old-ca");
        isRefused("ca-cert.pem", "'CN=old-ca' expired at 2021-01-01");
        pki.authorities(directory, "old-ca", "ca");
        isTaken();
        pki.revoke("ca", "list", "crl_next_update = 2\ncrl_number = 1", "server");
        pki.lists(directory, "list");
        isTaken();
        pki.revoke(
                "ca",
                "old-list",
                "crl_this_update_date = \"2020-01-01 00:00:00\"\ncrl_next_update_date = \"2021-01-01 00:00:00\"\ncrl_number = 1");
        pki.lists(directory, "list", "old-list");
        isRefused("ca-crl.pem", "'CN=ca' is out of date, its next update was due at 2021-01-01");
        // All authorities with one kind of key share the key, so the false one has another kind.
        pki.authority("false", Key.RSA);
        pki.authority("ca", Key.RSA);
        pki.revoke("ca", "false-list", "crl_next_update = 2\ncrl_number = 1");
        pki.lists(directory, "false-list");
        isRefused("ca-crl.pem", "'CN=ca' is not signed by that authority");
        pki.authority("ca", Key.EC);
    }
}
