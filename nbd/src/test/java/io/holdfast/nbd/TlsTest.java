package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TlsTest {
    private static final byte[] NOTHING = {};

    @TempDir
    Path directory;

    private Path pki;

    @BeforeEach
    void makeCertificates() throws IOException {
        pki = TestCertificates.make(directory);
    }

    private TlsServer server(boolean verifyPeer, boolean required) throws IOException {
        return server(NbdOptions.defaults().withTls(new NbdTls(pki, verifyPeer, required)));
    }

    private TlsServer server(NbdOptions options) throws IOException {
        ServerFixture fixture = new ServerFixture(directory, options);
        NbdServer tcp = NbdServer.start(fixture.volume, List.of(NbdAddress.parse("tcp:127.0.0.1:0")), options);
        return new TlsServer(fixture, tcp);
    }

    private record TlsServer(ServerFixture fixture, NbdServer tcp) implements AutoCloseable {
        TestClient greet() throws IOException {
            NbdAddress.Tcp address = (NbdAddress.Tcp) tcp.addresses().getFirst();
            Socket socket = new Socket("127.0.0.1", address.port());
            TestClient client = new TestClient(socket, socket.getInputStream(), socket.getOutputStream());
            client.greeting(3);
            return client;
        }

        /** Greets, changes to TLS and goes on in it. */
        TestClient greetEncrypted(SSLContext context) throws IOException {
            NbdAddress.Tcp address = (NbdAddress.Tcp) tcp.addresses().getFirst();
            Socket socket = new Socket("127.0.0.1", address.port());
            TestClient plain = new TestClient(socket, socket.getInputStream(), socket.getOutputStream());
            plain.greeting(3);
            assertThat(plain.ask(OptionType.STARTTLS, NOTHING).error()).isNull();
            return encrypt(socket, context);
        }

        @Override
        public void close() throws IOException {
            tcp.close();
            fixture.close();
        }
    }

    static TestClient encrypt(Socket socket, SSLContext context) throws IOException {
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", 0, true);
        tls.startHandshake();
        return new TestClient(tls, tls.getInputStream(), tls.getOutputStream());
    }

    @Test
    void servesEncrypted() throws Exception {
        try (TlsServer server = server(false, true);
                TestClient client = server.greetEncrypted(client(false))) {
            assertThat(client.ask(OptionType.LIST, NOTHING).strings(2)).containsExactly("vm/disk");
            assertThat(client.ask(OptionType.STARTTLS, NOTHING).error()).isEqualTo(OptionReply.ERR_INVALID);
            client.negotiate("vm/disk", Mode.STRUCTURED);
            byte[] data = new byte[5 << 20];
            new Random(1).nextBytes(data);
            assertThat(client.write(0, 0, data)).isZero();
            assertThat(client.read(0, 0, data.length)).isEqualTo(data);
            for (int i = 0; i < 100; i++) {
                client.request(CommandType.READ, 0, i, i * 4096L, 4096);
            }
            for (int i = 0; i < 100; i++) {
                assertThat(client.receive(0).error()).isZero();
            }
            client.request(CommandType.DISC, 0, 0, 0, 0);
            client.expectEnd();
        }
    }

    @Test
    void endsAClientThatTakesNoReplies() throws Exception {
        NbdOptions options = NbdOptions.defaults().withTls(new NbdTls(pki, false, true));
        try (TlsServer server = server(options.withStallTimeout(Duration.ofSeconds(1)));
                TestClient client = server.greetEncrypted(client(false));
                LogWatch log = new LogWatch()) {
            client.negotiate("vm/disk", Mode.SIMPLE);
            for (int i = 0; i < 8; i++) {
                client.request(CommandType.READ, 0, i, 0, 8 << 20);
            }
            while (server.tcp().counters().connections() > 0) {
                Thread.onSpinWait();
            }
            assertThat(log.take()).singleElement().asString().contains("taken none of its replies");
            assertThat(server.tcp().payloadBytesHeld()).isZero();
        }
    }

    @Test
    void refusesWhoeverIsNotEncryptedWhenThatIsRequired() throws IOException {
        try (TlsServer server = server(false, true)) {
            try (TestClient client = server.greet()) {
                for (OptionType option : OptionType.values()) {
                    if (option != OptionType.EXPORT_NAME
                            && option != OptionType.ABORT
                            && option != OptionType.STARTTLS) {
                        assertThat(client.ask(option, NOTHING).error()).isEqualTo(OptionReply.ERR_TLS_REQD);
                    }
                }
                assertThat(client.ask(99, NOTHING).error()).isEqualTo(OptionReply.ERR_TLS_REQD);
                assertThat(client.ask(OptionType.ABORT, NOTHING).error()).isNull();
                client.expectEnd();
            }
            try (TestClient client = server.greet()) {
                client.sendOption(1, 7, "vm/disk".getBytes(StandardCharsets.UTF_8));
                client.expectEnd();
            }
        }
    }

    @Test
    void servesBothWhenEncryptionIsOptional() throws Exception {
        try (TlsServer server = server(false, false);
                TestClient plain = server.greet();
                TestClient encrypted = server.greetEncrypted(client(false))) {
            plain.negotiate("vm/disk", Mode.SIMPLE);
            encrypted.negotiate("vm/disk", Mode.SIMPLE);
            assertThat(plain.write(0, 0, new byte[] {1, 2, 3})).isZero();
            assertThat(encrypted.read(0, 0, 3)).containsExactly(1, 2, 3);
        }
    }

    /** CVE-2021-3716: the server forgets what was negotiated in the clear. */
    @Test
    void startTlsForgetsWhatWasNegotiatedBefore() throws Exception {
        try (TlsServer server = server(false, false)) {
            NbdAddress.Tcp address = (NbdAddress.Tcp) server.tcp().addresses().getFirst();
            Socket socket = new Socket("127.0.0.1", address.port());
            TestClient plain = new TestClient(socket, socket.getInputStream(), socket.getOutputStream());
            plain.greeting(3);
            plain.ask(OptionType.EXTENDED_HEADERS, NOTHING);
            plain.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            plain.ask(OptionType.SET_META_CONTEXT, TestClient.metaQuery("vm/disk", "base:allocation"));
            plain.ask(OptionType.STARTTLS, NOTHING);
            try (TestClient client = encrypt(socket, client(false))) {
                assertThat(client.ask(OptionType.LIST_META_CONTEXT, TestClient.metaQuery("vm/disk"))
                                .error())
                        .isEqualTo(OptionReply.ERR_INVALID);
                assertThat(client.go("vm/disk", Mode.SIMPLE).flags() & Wire.TRANSMIT_SEND_DF)
                        .isZero();
                assertThat(client.read(0, 0, 512)).hasSize(512);
                assertThat(client.call(CommandType.BLOCK_STATUS, 0, 0, 512).error())
                        .isEqualTo(22);
            }
        }
    }

    /**
     * CVE-2021-3716, the other half: the server does not take options smuggled in before the TLS handshake for
     * encrypted ones.
     */
    @Test
    void bytesSentAlongWithStartTlsEndTheConnection() throws Exception {
        try (TlsServer server = server(false, true)) {
            NbdAddress.Tcp address = (NbdAddress.Tcp) server.tcp().addresses().getFirst();
            Socket socket = new Socket("127.0.0.1", address.port());
            TestClient plain = new TestClient(socket, socket.getInputStream(), socket.getOutputStream());
            plain.greeting(3);
            plain.out.writeLong(Wire.OPTION_MAGIC);
            plain.out.writeInt(OptionType.STARTTLS.code());
            plain.out.writeInt(0);
            plain.sendOption(OptionType.STRUCTURED_REPLY.code(), 0, NOTHING);
            SSLContext context = client(false);
            assertThatThrownBy(() -> {
                        assertThat(plain.in.readNBytes(20)).hasSize(20);
                        encrypt(socket, context).close();
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aClientWithoutCertificateIsRefusedWhenOneIsWanted() throws Exception {
        try (TlsServer server = server(true, true)) {
            try (TestClient client = server.greetEncrypted(client(true))) {
                client.negotiate("vm/disk", Mode.SIMPLE);
                assertThat(client.read(0, 0, 512)).hasSize(512);
            }
            assertThatThrownBy(() -> {
                        try (TestClient client = server.greetEncrypted(client(false))) {
                            client.ask(OptionType.LIST, NOTHING);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aClientCertificateOfAnotherAuthorityIsRefused() throws Exception {
        try (TlsServer server = server(true, true)) {
            Path ours = pki;
            pki = TestCertificates.make(directory);
            Files.copy(ours.resolve("ca-cert.pem"), pki.resolve("ca-cert.pem"), StandardCopyOption.REPLACE_EXISTING);
            SSLContext foreign = client(true);
            assertThatThrownBy(() -> {
                        try (TestClient client = server.greetEncrypted(foreign)) {
                            client.ask(OptionType.LIST, NOTHING);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aRevokedClientCertificateIsRefused() throws Exception {
        Files.writeString(pki.resolve("index.txt"), "");
        Files.writeString(pki.resolve("ca.conf"), """
                [ca]
                default_ca = x
                [x]
                database = index.txt
                default_md = sha256
                default_crl_days = 2
                """);
        String[] base = {"ca", "-config", "ca.conf", "-keyfile", "ca-key.pem", "-cert", "ca-cert.pem"};
        TestCertificates.openssl(pki, join(base, "-gencrl", "-out", "ca-crl.pem"));
        try (TlsServer server = server(true, true);
                TestClient client = server.greetEncrypted(client(true))) {
            assertThat(client.ask(OptionType.LIST, NOTHING).error()).isNull();
        }
        TestCertificates.openssl(pki, join(base, "-revoke", "client-cert.pem"));
        TestCertificates.openssl(pki, join(base, "-gencrl", "-out", "ca-crl.pem"));
        try (TlsServer server = server(true, true)) {
            assertThatThrownBy(() -> {
                        try (TestClient client = server.greetEncrypted(client(true))) {
                            client.ask(OptionType.LIST, NOTHING);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aStalledTlsHandshakeIsCutOff() throws IOException {
        NbdOptions options = NbdOptions.defaults()
                .withTls(new NbdTls(pki, false, true))
                .withHandshakeTimeout(Duration.ofMillis(300));
        try (ServerFixture fixture = new ServerFixture(directory, options);
                TestClient client = fixture.greet()) {
            client.ask(OptionType.STARTTLS, NOTHING);
            client.expectEnd();
        }
    }

    @Test
    void shutdownEndsEncryptedClients() throws Exception {
        try (TlsServer server = server(false, true);
                TestClient client = server.greetEncrypted(client(false))) {
            client.negotiate("vm/disk", Mode.SIMPLE);
            server.tcp().stop(Duration.ofSeconds(20));
            client.expectEnd();
            assertThat(server.tcp().counters().connections()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rsa pkcs8", "rsa pkcs1", "ec sec1", "ec sec1 p521", "ed25519 pkcs8"})
    void readsEveryUsualFormOfKey(String form) throws Exception {
        String key = "server-key.pem";
        switch (form) {
            case "rsa pkcs8" -> TestCertificates.openssl(pki, "genrsa", "-out", key, "2048");
            case "rsa pkcs1" -> TestCertificates.openssl(pki, "genrsa", "-traditional", "-out", key, "2048");
            case "ec sec1" -> TestCertificates.openssl(pki, "ecparam", "-name", "prime256v1", "-genkey", "-out", key);
            case "ec sec1 p521" ->
                TestCertificates.openssl(pki, "ecparam", "-name", "secp521r1", "-genkey", "-noout", "-out", key);
            default -> TestCertificates.openssl(pki, "genpkey", "-algorithm", "ed25519", "-out", key);
        }
        TestCertificates.openssl(
                pki, "req", "-x509", "-key", key, "-subj", "/CN=localhost", "-days", "2", "-out", "server-cert.pem");
        Files.writeString(
                pki.resolve(key), "Some text, as certtool writes it\n\n" + Files.readString(pki.resolve(key)));
        Files.copy(pki.resolve("server-cert.pem"), pki.resolve("ca-cert.pem"), StandardCopyOption.REPLACE_EXISTING);
        try (TlsServer server = server(false, true);
                TestClient client = server.greetEncrypted(client(false))) {
            assertThat(client.ask(OptionType.LIST, NOTHING).error()).isNull();
        }
    }

    @Test
    void saysWhichFileIsMissingOrBad() throws IOException {
        Files.writeString(pki.resolve("server-key.pem"), "nothing");
        assertThatThrownBy(() -> server(false, true)).hasMessageContaining("server-key.pem holds no private key");
        Files.writeString(
                pki.resolve("server-key.pem"),
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assertThatThrownBy(() -> server(false, true)).hasMessageContaining("openssl pkey");
        Files.writeString(
                pki.resolve("server-key.pem"), "-----BEGIN EC PRIVATE KEY-----\nMIIC\n-----END EC PRIVATE KEY-----\n");
        assertThatThrownBy(() -> server(false, true)).hasMessageContaining("EC private key");
        Files.delete(pki.resolve("server-cert.pem"));
        assertThatThrownBy(() -> server(false, true)).hasMessageContaining("server-cert.pem, which does not exist");
    }

    /** Returns a context that trusts the authority of this directory and has no certificate itself. */
    static SSLContext trusting(Path pki) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (var in = Files.newInputStream(pki.resolve("ca-cert.pem"))) {
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private SSLContext client(boolean withCertificate) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", certificate("ca-cert.pem"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        if (withCertificate) {
            TestCertificates.openssl(
                    pki,
                    "pkcs12",
                    "-export",
                    "-in",
                    "client-cert.pem",
                    "-inkey",
                    "client-key.pem",
                    "-passout",
                    "pass:test",
                    "-out",
                    "client.p12");
            try (var in = Files.newInputStream(pki.resolve("client.p12"))) {
                own.load(in, "test".toCharArray());
            }
        }
        keys.init(own, "test".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private Certificate certificate(String file) throws Exception {
        try (var in = new DataInputStream(Files.newInputStream(pki.resolve(file)))) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static String[] join(String[] first, String... second) {
        String[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
