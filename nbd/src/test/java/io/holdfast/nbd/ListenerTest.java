package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenerTest {
    @TempDir
    Path directory;

    private Volume volume;
    private Path socket;

    @BeforeEach
    void makeVolume() throws IOException {
        volume = TestVolumes.open();
        volume.create("/disk", CreateOptions.file().withSize(8192)).close();
        socket = directory.resolve("s");
    }

    @AfterEach
    void closeVolume() throws IOException {
        volume.close();
    }

    private NbdServer start(String... addresses) throws IOException {
        return NbdServer.start(
                volume, List.of(addresses).stream().map(NbdAddress::parse).toList(), NbdOptions.defaults());
    }

    private void serves(NbdAddress address) throws IOException {
        try (TestClient client = TestClient.open(address, "disk", Mode.SIMPLE)) {
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @Test
    void listensOnSeveralAddressesAndSaysWhere() throws IOException {
        try (NbdServer server = start("unix:" + socket, "tcp:127.0.0.1:0", "tcp:[::1]:0")) {
            for (NbdAddress address : server.addresses()) {
                serves(address);
            }
            int port = ((NbdAddress.Tcp) server.addresses().get(1)).port();
            assertThat(port).isPositive();
            assertThat(server.uris("/disk"))
                    .startsWith("nbd+unix:///disk?socket=" + socket, "nbd://127.0.0.1:" + port + "/disk");
        }
    }

    @Test
    void theSocketIsTheOwnersAndGoesAwayWithTheServer() throws IOException {
        try (NbdServer server = start("unix:" + socket)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
            serves(server.addresses().getFirst());
        }
        try (var files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void replacesASocketThatWasLeftBehind() throws IOException {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        try (NbdServer server = start("unix:" + socket)) {
            serves(server.addresses().getFirst());
        }
    }

    @Test
    void refusesASocketThatIsInUse() throws IOException {
        try (NbdServer server = start("unix:" + socket)) {
            assertThatThrownBy(() -> start("unix:" + socket))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("another server listens on " + socket);
            serves(server.addresses().getFirst());
        }
    }

    @Test
    void refusesAFileThatIsNoSocket() throws IOException {
        Files.writeString(socket, "precious");
        assertThatThrownBy(() -> start("unix:" + socket)).hasMessageContaining("is not a socket");
        assertThat(socket).hasContent("precious");
    }

    @Test
    void leavesTheSocketOfASuccessorAlone() throws IOException {
        NbdServer first = start("unix:" + socket);
        Files.delete(socket);
        try (NbdServer second = start("unix:" + socket)) {
            first.close();
            serves(second.addresses().getFirst());
        }
    }

    @Test
    void undoesEverythingWhenOneAddressFails() {
        assertThatThrownBy(() -> start("unix:" + socket, "unix:" + directory.resolve("no/such/directory")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no/such");
        assertThat(socket).doesNotExist();
    }

    @Test
    void saysWhichPortIsTaken() throws IOException {
        try (NbdServer server = start("tcp:127.0.0.1:0")) {
            String taken = server.addresses().getFirst().toString();
            assertThatThrownBy(() -> start(taken)).hasMessageContaining(taken);
        }
    }

    @Test
    void stoppingTwiceIsHarmless() throws IOException {
        NbdServer server = start("unix:" + socket);
        server.close();
        server.close();
    }
}
