package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.FakeVolume;
import io.holdfast.cli.fake.Household;
import io.holdfast.error.ErrorCode;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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

    /** Asserts that the peer has closed the connection, with or without unread bytes in it. */
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            nonsense | it is not JSON in UTF-8
            {"op":"info" | it is not JSON in UTF-8
            {"op":"info"} x | it is not JSON in UTF-8
            [] | it is not an object
            null | it is not an object
            {} | it has no 'op'
            {"op":7} | 'op' is not a text
            {"op":null} | 'op' is not a text
            {"op":"fly\\u0007"} | there is no operation 'fly\\x07'
            {"op":"claim"} | 'paths' is missing: a list
            {"op":"claim","paths":["/a"]} | 'in_use' is missing: REFUSE or CUT_OFF
            {"op":"claim","paths":["/a"],"in_use":"NO"} | 'in_use' is not REFUSE or CUT_OFF
            {"op":"claim","paths":"/a","in_use":"REFUSE"} | 'paths' is not a list
            {"op":"claim","paths":[null],"in_use":"REFUSE"} | 'paths[0]' is null
            {"op":"claim","paths":[7],"in_use":"REFUSE"} | 'paths[0]' is not a text
            {"op":"status","path":null} | 'path' is not a text
            {"op":"status","path":7} | 'path' is not a text
            {"op":"status","path":{}} | 'path' is not a text
            {"op":"status","path":"/\\ud800"} | 'path' has half of a surrogate pair
            {"op":"status","path":"/a\\u0000b"} | the name 'a\\x00b' has a NUL
            {"op":"list","path":"/","after":"","limit":"9"} | 'limit' is not a whole number from -2^31
            {"op":"list","path":"/","after":"","limit":1.5} | 'limit' is not a whole number from -2^31
            {"op":"list","path":"/","after":"","limit":9999999999} | is not a whole number from -2^31
            {"op":"truncate","handle":1,"size":99999999999999999999} | is not a whole number from -2^63
            {"op":"create","path":"/x","options":{"size":1}} | 'options.checksummed' is missing: true or false
            {"op":"create","path":"/x","options":7} | 'options' is not an object
            {"op":"set_attributes","path":"/","mode":1,"uid":1,"gid":1,"access_time":"x","modify_time":null} | 'access_time' is not a time
            {"op":"create","path":"/x","options":[[[[[[[[[[[]]]]]]]]]]]} | it is nested deeper than 8
            """)
    void whatIsWrongIsSaidInWords(String json, String words) throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, json);
            JsonNode answer = JsonMapper.shared().readTree(answer(channel));
            assertThat(answer.path("code").stringValue()).isEqualTo("INVALID");
            assertThat(answer.path("message").stringValue())
                    .contains(words)
                    .doesNotContainPattern("[jJ]ackson|[a-z]\\.[A-Za-z]+[A-Z]|Exception|Request\\b|Token");
        }
    }

    @Test
    void aNumberWithoutEndIsRefusedInWords() throws IOException {
        try (SocketChannel channel = connect()) {
            send(channel, "{\"op\":\"truncate\",\"handle\":1,\"size\":" + "9".repeat(5000) + "}");
            assertThat(answer(channel)).contains("INVALID", "a number or a name of a member that is too long");
            send(channel, "{\"op\":\"status\",\"path\":\"/" + "\uD83D\uDE00".repeat(1000) + "\"}");
            assertThat(answer(channel)).contains("NOT_FOUND");
        }
    }

    /** The commands refuse these paths; so does the socket. */
    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "/.", "/..", "/d/../f", "/./f", "/f/", "//f", "f", "//"})
    void pathsHaveOneForm(String path) throws IOException {
        volume.create("/f", CreateOptions.file()).close();
        String quoted = "\"" + path + "\"";
        String options = "{\"size\":1,\"checksummed\":true,\"mode\":420,\"uid\":0,\"gid\":0}";
        try (SocketChannel channel = connect()) {
            for (String request : List.of(
                    "{'op':'open','path':%s}",
                    "{'op':'create','path':%s,'options':" + options + "}",
                    "{'op':'mkdir','path':%s,'options':" + options + "}",
                    "{'op':'symlink','path':%s,'target':'/'}",
                    "{'op':'read_link','path':%s}",
                    "{'op':'link','existing':%s,'added':'/g'}",
                    "{'op':'link','existing':'/f','added':%s}",
                    "{'op':'status','path':%s}",
                    "{'op':'set_attributes','path':%s,'mode':1,'uid':null,'gid':null,'access_time':null,'modify_time':null}",
                    "{'op':'list','path':%s,'after':'','limit':9}",
                    "{'op':'rename','from':%s,'to':'/g'}",
                    "{'op':'rename','from':'/f','to':%s}",
                    "{'op':'remove','path':%s}",
                    "{'op':'set_xattr','path':%s,'name':'user.a'}",
                    "{'op':'get_xattr','path':%s,'name':'user.a'}",
                    "{'op':'list_xattrs','path':%s}",
                    "{'op':'remove_xattr','path':%s,'name':'user.a'}",
                    "{'op':'claim','paths':['/f',%s],'in_use':'REFUSE'}",
                    "{'op':'claim_size','path':%s,'in_use':'REFUSE'}")) {
                send(channel, request.replace('\'', '"').formatted(quoted));
                assertThat(answer(channel))
                        .as(request)
                        .contains("\"code\":\"INVALID\"")
                        .doesNotContain("not a request");
            }
            send(channel, "{\"op\":\"create_unnamed\",\"options\":" + options + "}");
            assertThat(answer(channel)).contains("\"handle\":1");
            send(channel, "{\"op\":\"name\",\"handle\":1,\"path\":" + quoted + ",\"replace\":true}");
            assertThat(answer(channel)).contains("\"code\":\"INVALID\"");
        }
        assertThat(volume.list("/", "", 9)).extracting(DirectoryEntry::name).containsExactly("f");
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
        // othersAreStillServed closes the server, which waits for the connection's end, and then checks openFiles.
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
        // A place is free again once the server has seen a client leave.
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
        // The server sees one after the other leave. Two commands in a row find a place only once several have left.
        int inARow = 0;
        while (inARow < 2) {
            inARow = home.run("ls", "VOLUME", "/").err().isEmpty() ? inARow + 1 : 0;
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
