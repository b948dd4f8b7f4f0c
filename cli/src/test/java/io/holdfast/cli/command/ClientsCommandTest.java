package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.control.Served;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.nbd.NbdSessions.Disconnected;
import io.holdfast.nbd.PeerProcesses.PeerProcess;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientsCommandTest {
    @TempDir
    private Path folder;

    private Household home;
    private Volume held;
    private ControlServer server;
    private final List<NbdClientStatus> clients = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        home = new Household(folder).formatted();
    }

    private void serve() throws IOException {
        held = home.hold();
        Served served = new Served() {
            @Override
            public Volume volume() {
                return held;
            }

            @Override
            public Resumed resume() throws HoldfastException {
                throw new HoldfastException(ErrorCode.UNSUPPORTED, "no");
            }

            @Override
            public List<NbdClientStatus> clients() {
                return List.copyOf(clients);
            }

            @Override
            public Disconnected disconnect(long client) throws HoldfastException {
                NbdClientStatus found = clients.stream()
                        .filter(each -> each.id() == client)
                        .findFirst()
                        .orElseThrow(() -> Served.noClient(client));
                clients.remove(found);
                return new Disconnected(found, client != 2);
            }
        };
        server = ControlServer.start(served, ControlPath.of(home.volume));
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
            held.close();
        }
        home.close();
    }

    private static NbdClientStatus guest(long id) {
        return new NbdClientStatus(
                id,
                "disk",
                "/disk",
                false,
                true,
                "unix:/run/vms.nbd",
                "",
                Optional.of(new PeerProcess(4711, 64055, 108)),
                "",
                90_000_000_000L,
                1234,
                3 << 20,
                1 << 30);
    }

    private static NbdClientStatus backup(long id) {
        return new NbdClientStatus(
                id,
                "back\u001b[2Jup",
                "/disk",
                true,
                false,
                "tcp:0.0.0.0:10809",
                "192.0.2.7:4000",
                Optional.empty(),
                "backup",
                1_500_000_000L,
                2,
                512,
                0);
    }

    private String ok(String... args) {
        Result result = home.run(args);
        assertThat(result.status()).as(result.err()).isZero();
        return result.out();
    }

    @Test
    void listsThemForPeople() throws IOException {
        serve();
        assertThat(ok("clients", "VOLUME")).isEqualTo("no clients\n");
        clients.addAll(List.of(guest(1), backup(2)));
        assertThat(ok("clients", "VOLUME")).isEqualTo("""
                id  export         mode       from               who                       since  requests   read  written
                 1  disk           writes     unix:/run/vms.nbd  pid 4711, uid 64055  1 min 30 s      1234  3 MiB    1 GiB
                 2  back\\x1b[2Jup  read-only  192.0.2.7:4000     certificate backup        1.5 s         2  512 B      0 B
                """);
        assertThat(ok("info", "VOLUME"))
                .containsPattern("(?m)^clients +2$")
                .containsPattern("(?m)^server +pid " + ProcessHandle.current().pid());
    }

    @Test
    void listsThemForPrograms() throws IOException {
        serve();
        clients.add(guest(1));
        assertThat(ok("clients", "VOLUME", "--json")).isEqualTo("""
                {"served":true,"clients":[{"id":1,"export":"disk","path":"/disk","read_only":false,"has_written":true,\
                "at":"unix:/run/vms.nbd","from":"","certificate":"","seconds":90.0,"requests":1234,"read_bytes":3145728,\
                "written_bytes":1073741824,"pid":4711,"uid":64055,"gid":108}]}
                """);
    }

    @Test
    void resizeNamesThoseThatKnowAnotherSize() throws IOException {
        serve();
        ok("create", "VOLUME", "/disk", "--size", "1M");
        ok("create", "VOLUME", "/other", "--size", "1M");
        clients.addAll(List.of(guest(1), backup(2)));
        assertThat(ok("resize", "VOLUME", "disk", "--size", "2M")).isEqualTo("""
                resized /disk from 1 MiB to 2 MiB
                client 1 of 'disk' (pid 4711, uid 64055) sees the new size when it connects again
                client 2 of 'back\\x1b[2Jup' (certificate backup) sees the new size when it connects again
                """);
        assertThat(ok("resize", "VOLUME", "/disk", "--size", "3M", "--json")).contains("\"must_reconnect\":[1,2]");
        assertThat(ok("resize", "VOLUME", "/disk", "--size", "3M").lines()).hasSize(1);
        assertThat(ok("resize", "VOLUME", "/other", "--size", "2M").lines()).hasSize(1);
    }

    @Test
    void moreThanOneAnswerHoldsComeInParts() throws IOException {
        serve();
        LongStream.rangeClosed(1, 350).forEach(id -> clients.add(guest(id)));
        assertThat(ok("clients", "VOLUME").lines()).hasSize(351);
    }

    @Test
    void disconnectEndsOne() throws IOException {
        serve();
        clients.addAll(List.of(guest(1), backup(2), guest(3)));
        assertThat(ok("disconnect", "VOLUME", "1"))
                .isEqualTo("client 1 of 'disk' (pid 4711, uid 64055): disconnected\n");
        assertThat(ok("disconnect", "VOLUME", "2")).contains("begins no more requests");
        assertThat(home.run("disconnect", "VOLUME", "3", "--json")
                        .json()
                        .path("ended")
                        .asBoolean())
                .isTrue();
        Result none = home.run("disconnect", "VOLUME", "1");
        assertThat(none.status()).isEqualTo(5);
        assertThat(none.err()).isEqualTo("holdfast: there is no client 1; it may have left; list the clients\n");
        Result wrong = home.run("disconnect", "VOLUME", "first");
        assertThat(wrong.status()).isEqualTo(2);
        assertThat(wrong.err()).contains("'first' is not the number of a client");
    }

    @Test
    void ofAVolumeThatNobodyServesThereAreNone() {
        assertThat(ok("clients", "VOLUME")).isEqualTo("nobody serves " + home.volume + ", so there are no clients\n");
        assertThat(ok("clients", "VOLUME", "--json")).isEqualTo("{\"served\":false,\"clients\":[]}\n");
        assertThat(home.run("disconnect", "VOLUME", "1").status()).isEqualTo(5);
    }
}
