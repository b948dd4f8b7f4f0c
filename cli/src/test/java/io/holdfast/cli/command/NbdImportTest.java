package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Import from other people's NBD servers, and from peers that are none. */
@Timeout(120)
class NbdImportTest extends CommandFixture {
    private static final int SIZE = 8 << 20;
    private static final long LOOK_NANOS = 10_000_000;

    private static byte[] disk() {
        byte[] bytes = new byte[SIZE];
        byte[] part = new byte[1_234_567];
        new Random(3).nextBytes(part);
        System.arraycopy(part, 0, bytes, 2_000_001, part.length);
        return bytes;
    }

    private Path raw() throws IOException {
        return Files.write(folder.resolve("disk"), disk());
    }

    private Path socket() {
        return folder.resolve("s");
    }

    private String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + socket();
    }

    /** Imports while a server runs that a shell command starts, with the socket in {@code $S} and the disk in {@code $D}. */
    private void fromServer(String command, String export) throws IOException, InterruptedException {
        Path disk = raw();
        Process server = Program.builder(folder, "sh", "-c", "S=" + socket() + " D=" + disk + "; exec " + command)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            while (server.isAlive() && !Program.isListening(socket())) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            Result result = ok("import", uri(export), "VOLUME", "/disk", "--json");
            assertThat(result.json().path("source_format").asString("")).isEqualTo("nbd");
            assertThat(exported("/disk")).isEqualTo(disk());
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    @Test
    void qemuNbd() throws Exception {
        Program.needs("qemu-nbd");
        fromServer("qemu-nbd -r -f raw -x 'my disk' -k $S $D", "my%20disk");
    }

    @Test
    void nbdkit() throws Exception {
        Program.needs("nbdkit");
        fromServer("nbdkit -f -U $S file $D", "");
    }

    @Test
    void nbdkitWithSmallRequestsAndLargeBlocks() throws Exception {
        Program.needs("nbdkit");
        fromServer(
                "nbdkit -f -U $S --filter=blocksize-policy file $D blocksize-minimum=64K"
                        + " blocksize-preferred=64K blocksize-maximum=192K blocksize-error-policy=error",
                "");
    }

    @Test
    void nbdkitWithTheSmallestRequests() throws Exception {
        Program.needs("nbdkit");
        fromServer(
                "nbdkit -f -U $S --filter=blocksize-policy file $D blocksize-minimum=512 blocksize-preferred=4K"
                        + " blocksize-maximum=4K blocksize-error-policy=error",
                "");
    }

    /** The server has neither options nor block sizes. */
    @Test
    void nbdkitAsServersWereBefore() throws Exception {
        Program.needs("nbdkit");
        fromServer("nbdkit -f --mask-handshake=0 -U $S file $D", "");
    }

    /** The server has one export without a name, and tells its size in its greeting. */
    @Test
    void nbdkitAsServersWereBefore2011() throws Exception {
        Program.needs("nbdkit");
        fromServer("nbdkit -f --oldstyle -U $S file $D", "");
    }

    /** The block sizes of this server make no sense to itself. */
    @Test
    void aServerThatGivesUpOnTheExport() throws Exception {
        Program.needs("nbdkit");
        Process server = Program.builder(
                        folder,
                        "nbdkit",
                        "-f",
                        "-U",
                        socket().toString(),
                        "--filter=blocksize-policy",
                        "memory",
                        "1M",
                        "blocksize-minimum=64K",
                        "blocksize-error-policy=error")
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            while (server.isAlive() && !Program.isListening(socket())) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            refused(1, uri(""), "closed the connection when asked for the export");
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    @Test
    void nbdkitWithoutStructuredReplies() throws Exception {
        Program.needs("nbdkit");
        fromServer("nbdkit -f --no-sr -U $S file $D", "");
    }

    @Test
    void aRunningMachine() throws Exception {
        Program.needs("qemu-system-x86_64");
        fromServer(
                "qemu-system-x86_64 -M none -nodefaults -display none -blockdev driver=file,node-name=d,filename=$D"
                        + " -monitor none -serial none"
                        + " -chardev socket,id=q,path=" + folder.resolve("q")
                        + ",server=on,wait=off -mon q,mode=control"
                        + " & P=$!; trap 'kill $P' TERM; " + qmp() + "; wait $P",
                "vm");
    }

    /** Has the machine export its disk, as an administrator does. */
    private String qmp() {
        return "while ! [ -S q ]; do sleep 0.02; done; python3 -c 'import socket,json;s=socket.socket(socket.AF_UNIX);"
                + "s.connect(\"q\");f=s.makefile(\"rw\");f.readline()\n"
                + "for c in [{\"execute\":\"qmp_capabilities\"},{\"execute\":\"nbd-server-start\",\"arguments\":{\"addr\":"
                + "{\"type\":\"unix\",\"data\":{\"path\":\"" + socket() + "\"}}}},{\"execute\":\"nbd-server-add\","
                + "\"arguments\":{\"device\":\"d\",\"name\":\"vm\"}}]: f.write(json.dumps(c));f.flush();print(f.readline())'";
    }

    private void refused(int status, String uri, String words) {
        Result result = home.run("import", uri, "VOLUME", "/disk");
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        assertThat(result.err()).contains(words).doesNotContain("Exception");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void addressesThatAreNone() {
        refused(2, "nbd+unix:///x", "names no socket");
        refused(2, "nbd:///x", "names no host");
        refused(2, "nbds://host/x", "nbdcopy 'nbds://host/x' - | holdfast import -");
        refused(1, "nbd://no-such-host.invalid/x", "no host of the name");
        refused(5, uri("x"), "there is no socket");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "48",
                "485454502f312e31203430302042616420526571756573740d0a",
                "4e42444d4147494300420281861253",
                "4e42444d4147494349484156454f50540000",
                "4e42444d4147494349484156454f505400030003e889045565a9000000080000000100000000",
                "4e42444d4147494349484156454f505400030003e889045565a90000000800000001ffffffff"
            })
    void peersThatAreNoServers(String hex) throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket()));
            Thread peer = Thread.ofPlatform().daemon().start(() -> answer(server, hex));
            refused(1, uri(""), "nbd+unix:///");
            peer.join();
        }
    }

    private static void answer(ServerSocketChannel server, String hex) {
        try (SocketChannel client = server.accept()) {
            client.write(ByteBuffer.wrap(java.util.HexFormat.of().parseHex(hex)));
            client.shutdownOutput();
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            while (client.read(buffer.clear()) >= 0) {
                // reads to the end, so that the client is not cut off in its writing
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
