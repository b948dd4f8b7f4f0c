package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import io.holdfast.clients.Program;
import io.holdfast.nbd.TestPki.Key;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every kind of certificate on either side, with real clients: which are served, which are not, and what either side is
 * told.
 */
@Tag("slow")
@Timeout(300)
@ParameterizedClass
@MethodSource("io.holdfast.clients.Clients#all")
class TlsClientsTest {
    private static final String SERVER = "tls_www_server";
    private static final String CLIENT = "tls_www_client";
    private static final String SIGNS = "signing_key";
    private static final String[] HOST = {SERVER, SIGNS, "dns_name = localhost", "ip_address = 127.0.0.1"};
    private static final String TODAY = "crl_next_update = 2\ncrl_number = 1";
    private static final String LONG_AGO = "activation_date = \"2020-01-01 00:00:00\"";
    private static final String AGO = "expiration_date = \"2021-01-01 00:00:00\"";
    private static final String NOT_YET = "activation_date = \"2090-01-01 00:00:00\"";
    private static final String FAR = "expiration_date = \"2091-01-01 00:00:00\"";

    @TempDir
    static Path shared;

    private static Volume volume;
    private static TestPki pki;
    /** A server for each kind of identity; all demand a client certificate. */
    private static final Map<String, NbdServer> SERVERS = new LinkedHashMap<>();

    private static final Map<String, Path> GOOD = new LinkedHashMap<>();

    @Parameter
    Clients clients;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() throws IOException {
        volume = TestVolumes.open();
        volume.create("/disk", CreateOptions.file().withSize(1 << 20)).close();
        pki = new TestPki(shared);
        pki.authority("ca", Key.EC);
        pki.authorityBelow("ca", "between", Key.RSA);
        pki.authorityBelow("ca", "gone", Key.EC);
        pki.authority("other", Key.EC);
        pki.revoke("between", "between-list", TODAY);
        for (Key kind : Key.values()) {
            pki.issue("ca", "server-" + kind, kind, HOST);
            pki.issue("ca", "client-" + kind, kind, CLIENT, SIGNS);
            serve(kind.toString(), pki.server("s-" + kind, kind, "server-" + kind));
            GOOD.put(kind.toString(), pki.client("c-" + kind, kind, "client-" + kind));
        }
        pki.issue("between", "server-chain", Key.RSA, HOST);
        pki.issue("between", "client-chain", Key.RSA, CLIENT, SIGNS);
        serve("chain", pki.server("s-chain", Key.RSA, "server-chain", "between"));
        Path chain = pki.client("c-chain", Key.RSA, "client-chain", "between");
        // QEMU also verifies its own certificate, and takes intermediate authorities only from this file.
        pki.authorities(chain, "ca", "between");
        GOOD.put("chain", chain);
        GOOD.put("chain with its authority", pki.client("c-whole", Key.RSA, "client-chain", "between", "ca"));
        pki.issue("ca", "client-plain", Key.RSA);
        GOOD.put("no usage named", pki.client("c-plain", Key.RSA, "client-plain"));
    }

    private static void serve(String name, Path directory) throws IOException {
        NbdOptions options = NbdOptions.defaults().withTls(new NbdTls(directory, true, true));
        SERVERS.put(name, NbdServer.start(volume, List.of(NbdAddress.parse("tcp:127.0.0.1:0")), options));
    }

    @AfterAll
    static void stop() throws IOException {
        SERVERS.values().forEach(NbdServer::close);
        volume.close();
    }

    private static int port(NbdServer server) {
        return ((NbdAddress.Tcp) server.addresses().getFirst()).port();
    }

    private static String uri(NbdServer server, Path certificates) {
        return "nbds://localhost:" + port(server) + "/disk?tls-certificates=" + certificates;
    }

    private Program.Result size(NbdServer server, Path certificates) throws IOException {
        return clients.end(directory, "nbdinfo", "--size", uri(server, certificates));
    }

    @Test
    void everyKindOfKeyOnEitherSide() throws IOException {
        clients.needs("nbdinfo");
        SoftAssertions all = new SoftAssertions();
        for (var server : SERVERS.entrySet()) {
            for (var client : GOOD.entrySet()) {
                // Test each pair of kinds of keys once, not each pair of their file formats.
                if (server.getKey().equals("RSA")
                        || client.getKey().equals("RSA")
                        || server.getKey().equals(client.getKey())) {
                    all.assertThat(size(server.getValue(), client.getValue()).toString())
                            .as("server %s, client %s", server.getKey(), client.getKey())
                            .endsWith("\n1048576\n");
                }
            }
        }
        all.assertAll();
    }

    @Test
    void bothVersionsOfTlsWithEveryClient() throws IOException {
        clients.needs("nbdinfo", "nbdcopy", "nbdsh", "qemu-img", "qemu-io", "cmp");
        for (String kind : List.of("RSA", "EC", "ED25519", "chain")) {
            everyClient(SERVERS.get(kind), GOOD.get(kind), "NORMAL:-VERS-ALL:+VERS-TLS1.3");
        }
        everyClient(SERVERS.get("RSA"), GOOD.get("RSA"), "NORMAL:-VERS-ALL:+VERS-TLS1.2");
        everyClient(SERVERS.get("chain"), GOOD.get("EC"), "NORMAL:-VERS-ALL:+VERS-TLS1.2");
    }

    /**
     * Connects with every client. GnuTLS takes its priorities from a system file for libnbd, and from an option for
     * QEMU.
     */
    private void everyClient(NbdServer server, Path certificates, String priority) throws IOException {
        Path system = Files.writeString(directory.resolve("priority"), "[priorities]\nSYSTEM = " + priority + "\n");
        String[] env = {"env", "GNUTLS_SYSTEM_PRIORITY_FILE=" + system};
        String uri = uri(server, certificates);
        assertThat(run(env, "nbdinfo", uri)).contains("with TLS", "1048576");
        Path back = directory.resolve("back");
        run(
                env,
                "nbdsh",
                "-c",
                "h.set_uri_allow_local_file(True); h.connect_uri('" + uri
                        + "'); h.pwrite(b'x' * 4096, 4096); assert h.pread(4096, 4096) == b'x' * 4096; h.shutdown()");
        run(env, "nbdcopy", uri, back.toString());
        String credentials = "tls-creds-x509,id=t,endpoint=client,dir=" + certificates + ",priority=" + priority;
        String image = "driver=nbd,host=localhost,export=disk,tls-creds=t,port=" + port(server);
        assertThat(run(
                        new String[] {},
                        "qemu-img",
                        "compare",
                        "--object",
                        credentials,
                        "--image-opts",
                        image,
                        "driver=file,filename=" + back))
                .contains("Images are identical");
        assertThat(run(
                        new String[] {},
                        "qemu-io",
                        "--object",
                        credentials,
                        "--image-opts",
                        "-c",
                        "write -P 7 64k 64k",
                        "-c",
                        "read -P 7 64k 64k",
                        image))
                .doesNotContain("failed", "error");
    }

    private String run(String[] before, String... line) throws IOException {
        List<String> all = new ArrayList<>(List.of(before));
        all.add(clients.path(line[0]));
        all.addAll(List.of(line).subList(1, line.length));
        return clients.run(directory, all.toArray(String[]::new));
    }

    @Test
    void aServerThatWantsNoCertificateTakesOneAndNone() throws IOException {
        clients.needs("nbdinfo");
        Path own = Files.createDirectory(directory.resolve("own"));
        for (String file : List.of("server-cert.pem", "server-key.pem")) {
            Files.copy(shared.resolve("s-RSA").resolve(file), own.resolve(file));
        }
        Path none = Files.createDirectory(directory.resolve("none"));
        pki.authorities(none, "ca");
        NbdOptions options = NbdOptions.defaults().withTls(new NbdTls(own, false, true));
        try (NbdServer server = NbdServer.start(volume, List.of(NbdAddress.parse("tcp:127.0.0.1:0")), options)) {
            size(server, none).succeeds();
            size(server, GOOD.get("RSA")).succeeds();
            clients.end(directory, "nbdinfo", "nbd://localhost:" + port(server) + "/disk")
                    .fails();
        }
    }

    @Test
    void whoIsRefusedIsToldAndLogged() throws IOException {
        clients.needs("nbdinfo", "qemu-img");
        Path own = shared.resolve("s-RSA");
        Map<Path, String> refused = refused();
        try (LogWatch log = new LogWatch()) {
            NbdOptions options = NbdOptions.defaults().withTls(new NbdTls(withLists(own), true, true));
            try (NbdServer server = NbdServer.start(volume, List.of(NbdAddress.parse("tcp:127.0.0.1:0")), options)) {
                size(server, GOOD.get("RSA")).succeeds();
                size(server, GOOD.get("chain")).succeeds();
                SoftAssertions all = new SoftAssertions();
                for (var client : refused.entrySet()) {
                    log.take();
                    String name = client.getKey().getFileName().toString();
                    Program.Result result = size(server, client.getKey());
                    all.assertThat(result.status()).as(name).isNotZero();
                    all.assertThat(result.output()).as(name).contains("TLS fatal alert");
                    await(server);
                    all.assertThat(log.take())
                            .as(name)
                            .anySatisfy(line -> assertThat(line)
                                    .contains("127.0.0.1")
                                    .contains("TLS failed")
                                    .contains(client.getValue()));
                }
                all.assertAll();
                clients.end(
                                directory,
                                "qemu-img",
                                "info",
                                "--object",
                                "tls-creds-x509,id=t,endpoint=client,sanity-check=off,dir="
                                        + refused.keySet().iterator().next(),
                                "--image-opts",
                                "driver=nbd,host=localhost,export=disk,tls-creds=t,port=" + port(server))
                        .fails();
            }
        }
    }

    /** Waits until the session of a refused client has ended; by then it has logged. */
    private static void await(NbdServer server) {
        while (server.counters().connections() > 0) {
            Thread.onSpinWait();
        }
    }

    private Path withLists(Path own) throws IOException {
        Path directory = Files.createDirectory(this.directory.resolve("with-lists"));
        for (String file : List.of("ca-cert.pem", "server-cert.pem", "server-key.pem")) {
            Files.copy(own.resolve(file), directory.resolve(file));
        }
        pki.revoke("ca", "ca-list", TODAY, "client-revoked", "gone");
        pki.lists(directory, "ca-list", "between-list");
        return directory;
    }

    /** Makes clients that must not be served, each with a part of the reason that the log has. */
    private Map<Path, String> refused() throws IOException {
        Map<Path, String> all = new LinkedHashMap<>();
        String d = directory.getFileName() + "-";
        pki.issue("ca", "client-expired", Key.RSA, CLIENT, SIGNS, LONG_AGO, AGO);
        all.put(pki.client(d + "expired", Key.RSA, "client-expired"), "'CN=client-expired' expired at 2021-01-01");
        pki.issue("ca", "client-early", Key.RSA, CLIENT, SIGNS, NOT_YET, FAR);
        all.put(pki.client(d + "early", Key.RSA, "client-early"), "'CN=client-early' is not valid before 2090-01-01");
        pki.issue("ca", "client-revoked", Key.RSA, CLIENT, SIGNS);
        all.put(pki.client(d + "revoked", Key.RSA, "client-revoked"), "'CN=client-revoked' was revoked at ");
        pki.issue("gone", "client-of-gone", Key.RSA, CLIENT, SIGNS);
        all.put(pki.client(d + "gone", Key.RSA, "client-of-gone", "gone"), "'CN=gone' was revoked at ");
        pki.issue("other", "client-other", Key.RSA, CLIENT, SIGNS);
        all.put(pki.client(d + "other", Key.RSA, "client-other"), "'CN=other' is the last issuer");
        all.put(pki.client(d + "cut", Key.RSA, "client-chain"), "'CN=between' is the last issuer");
        pki.issue("ca", "client-usage", Key.RSA, SERVER, SIGNS);
        all.put(pki.client(d + "usage", Key.RSA, "client-usage"), "client authentication");
        all.put(pki.client(d + "none", Key.RSA), "certificate");
        return all;
    }

    @Test
    void aClientThatDoesNotTrustTheServerLeaves() throws IOException {
        clients.needs("nbdinfo");
        Path stranger = pki.client(directory.getFileName() + "-stranger", Key.RSA, "client-RSA");
        pki.authorities(stranger, "other");
        for (String kind : List.of("RSA", "chain")) {
            assertThat(size(SERVERS.get(kind), stranger).fails().output()).contains("certificate");
            size(SERVERS.get(kind), GOOD.get("RSA")).succeeds();
        }
    }
}
