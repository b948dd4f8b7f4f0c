package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.FakeVolume;
import io.holdfast.cli.fake.Household;
import io.holdfast.error.ErrorCode;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that break the rules harm themselves and nobody else. */
@Timeout(60)
class HostileClientTest {
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    private Path folder;

    private Household home;
    private FakeVolume volume;
    private ControlServer server;

    @BeforeEach
    void start() throws IOException {
        home = new Household(folder).formatted();
        home.engine.open(home.volume, OpenOptions.readWrite());
        volume = home.fake();
        server = ControlServer.start(volume, ControlPath.of(home.volume), SHORT);
    }

    @AfterEach
    void othersAreStillServed() throws IOException {
        assertThat(home.run("mkdir", "VOLUME", "/after").err()).isEmpty();
        server.close();
        assertThat(volume.openFiles).hasValue(0);
        volume.close();
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(server.path()));
    }

    private static ByteBuffer header(int magic, int json, int data) {
        return ByteBuffer.allocate(12).putInt(magic).putInt(json).putInt(data).flip();
    }

    private static void send(SocketChannel channel, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        channel.write(header(Frame.MAGIC, bytes.length, 0));
        channel.write(ByteBuffer.wrap(bytes));
    }

    private static String answer(SocketChannel channel) throws IOException {
        try (Watchdog watchdog = new Watchdog()) {
            Frame frame = new FrameChannel(channel, watchdog, Duration.ofSeconds(30))
                    .read()
                    .orElseThrow();
            return new String(frame.json(), StandardCharsets.UTF_8);
        }
    }

    /** The peer closed the connection, with or without unread bytes in it. */
    private static void assertClosed(SocketChannel channel) {
        int read;
        try {
            read = channel.read(ByteBuffer.allocate(1));
        } catch (IOException reset) {
            read = -1;
        }
        assertThat(read).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, Frame.JSON_BYTES_MAX + 1})
    void aHugeLengthEndsTheConnection(int length) throws IOException {
        try (SocketChannel json = connect();
                SocketChannel data = connect()) {
            json.write(header(Frame.MAGIC, length, 0));
            data.write(header(Frame.MAGIC, 2, length));
            assertClosed(json);
            assertClosed(data);
        }
    }

    @Test
    void garbageEndsTheConnection() throws IOException {
        byte[] garbage = new byte[4096];
        new Random(7).nextBytes(garbage);
        try (SocketChannel channel = connect()) {
            channel.write(ByteBuffer.wrap(garbage));
            assertClosed(channel);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "7",
                "{}",
                "{\"op\":7}",
                "{\"op\":\"fly\"}",
                "{\"op\":\"java.lang.Runtime\"}",
                "{\"op\":\"status\"}",
                "{\"op\":\"status\",\"path\":null}",
                "{\"op\":\"status\",\"path\":{}}",
                "{\"op\":\"read\",\"handle\":1,\"offset\":0,\"length\":\"x\",\"flags\":[]}",
                "{\"op\":\"list\",\"path\":\"/\",\"after\":\"\"}",
                "{\"op\":\"info\"",
                "{\"op\":\"create\",\"path\":\"/x\",\"options\":[[[[[[[[[[[[[]]]]]]]]]]]]]}",
                "\u0000\u0001"
            })
    void nonsenseIsAnsweredAndTheConnectionGoesOn(String json) throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, json);
            assertThat(answer(channel)).contains("\"code\":\"INVALID\"");
            send(channel, "{\"op\":\"usage\"}");
            assertThat(answer(channel)).contains("\"reply\":\"result\"");
        }
    }

    @Test
    void aReadIsBounded() throws IOException {
        try (SocketChannel channel = connect()) {
            send(
                    channel,
                    "{\"op\":\"create\",\"path\":\"/f\",\"options\":"
                            + "{\"size\":100,\"checksummed\":true,\"mode\":420,\"uid\":0,\"gid\":0}}");
            assertThat(answer(channel)).contains("\"handle\":1");
            for (int length : new int[] {-1, Integer.MAX_VALUE}) {
                send(channel, "{\"op\":\"read\",\"handle\":1,\"offset\":0,\"length\":" + length + ",\"flags\":[]}");
                assertThat(answer(channel)).contains("\"code\":\"INVALID\"");
            }
        }
    }

    @Test
    void handlesOfOthersAreWorthNothing() throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, "{\"op\":\"flush\",\"handle\":1}");
            assertThat(answer(channel)).contains("\"code\":\"CLOSED\"");
        }
    }

    @Test
    void openFilesAreBoundedAndClosedWithTheConnection() throws IOException {
        volume.create("/f", CreateOptions.file()).close();
        try (SocketChannel channel = connect()) {
            for (int i = 0; i < RequestHandler.FILES_MAX; i++) {
                send(channel, "{\"op\":\"open\",\"path\":\"/f\"}");
                assertThat(answer(channel)).contains("\"reply\":\"result\"");
            }
            send(channel, "{\"op\":\"open\",\"path\":\"/f\"}");
            assertThat(answer(channel)).contains("\"code\":\"NO_MEMORY\"");
            assertThat(volume.openFiles).hasValue(RequestHandler.FILES_MAX);
        }
        // othersAreStillServed closes the server, which waits for the connection's end, and looks at openFiles.
    }

    @Test
    void aClientThatStallsWithinAFrameIsCutOff() throws IOException {
        try (SocketChannel within = connect()) {
            within.write(header(Frame.MAGIC, 100, 0));
            assertClosed(within);
        }
        try (SocketChannel inHeader = connect()) {
            inHeader.write(ByteBuffer.wrap(new byte[] {'H', 'F'}));
            assertClosed(inHeader);
        }
    }

    @Test
    void aClientThatDoesNotReadItsAnswersIsCutOff() throws IOException {
        try (var file = volume.create("/f", CreateOptions.file().withSize(1 << 20));
                SocketChannel channel = connect()) {
            send(channel, "{\"op\":\"open\",\"path\":\"/f\"}");
            assertThat(answer(channel)).contains("\"handle\":1");
            send(channel, "{\"op\":\"read\",\"handle\":1,\"offset\":0,\"length\":1048576,\"flags\":[]}");
            // The answer is larger than the socket's buffers: the server waits, gives up and closes.
            while (volume.openFiles.get() > 1) {
                Thread.onSpinWait();
            }
            assertThat(file.size()).isEqualTo(1 << 20);
        }
    }

    @Test
    void connectionsAreBounded() throws IOException {
        List<SocketChannel> open = new ArrayList<>();
        for (int i = 0; i < ControlServer.CONNECTIONS_MAX; i++) {
            SocketChannel channel = connect();
            send(channel, "{\"op\":\"usage\"}");
            assertThat(answer(channel)).contains("\"reply\":\"result\"");
            open.add(channel);
        }
        try (SocketChannel refused = connect()) {
            assertThat(answer(refused)).contains(ErrorCode.NO_MEMORY.name(), "wait for one to end");
            assertClosed(refused);
        }
        // A place is free again once the server has seen one leave.
        open.removeFirst().close();
        boolean served = false;
        while (!served) {
            try (SocketChannel again = connect()) {
                send(again, "{\"op\":\"usage\"}");
                served = answer(again).contains("\"reply\":\"result\"");
            } catch (IOException refusedOnceMore) {
                Thread.onSpinWait();
            }
        }
        for (SocketChannel channel : open) {
            channel.close();
        }
    }

    @Test
    void aClientThatLeavesDuringACheckHarmsNobody() throws Exception {
        CountDownLatch checked = new CountDownLatch(1);
        SocketChannel channel = connect();
        volume.duringCheck(() -> {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            checked.countDown();
        });
        send(channel, "{\"op\":\"check\"}");
        checked.await();
    }
}
