package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The log tells the truth about each client, once. */
@Timeout(60)
class LogLinesTest {
    @TempDir
    Path directory;

    /** How a refused client leaves. */
    enum Leaving {
        AT_ONCE {
            @Override
            void leave(TestClient client) {}
        },
        AFTER_TRYING_AGAIN {
            @Override
            void leave(TestClient client) throws IOException {
                client.ask(OptionType.GO, TestClient.infoRequest("nothing"));
            }
        },
        IN_THE_MIDDLE_OF_AN_OPTION {
            @Override
            void leave(TestClient client) throws IOException {
                client.out.writeLong(0x49484156454F5054L);
                client.out.flush();
            }
        },
        WITH_AN_OPTION_THAT_HAS_NO_ERROR {
            @Override
            void leave(TestClient client) throws IOException {
                client.sendOption(1, 7, "nothing".getBytes(StandardCharsets.UTF_8));
                client.expectEnd();
            }
        },
        WITHOUT_READING_WHAT_CAME {
            @Override
            void leave(TestClient client) throws IOException {
                for (int i = 0; i < 3; i++) {
                    client.sendOption(OptionType.LIST.code(), 0, new byte[0]);
                }
            }
        },
        CUT_OFF_FOR_STAYING {
            @Override
            void leave(TestClient client) {
                client.expectEnd();
            }
        };

        abstract void leave(TestClient client) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aRefusedClientHasOneLine(Leaving leaving) throws IOException {
        NbdOptions options = NbdOptions.defaults()
                .withHandshakeTimeout(
                        leaving == Leaving.CUT_OFF_FOR_STAYING ? Duration.ofMillis(500) : Duration.ofMinutes(1));
        try (ServerFixture fixture = new ServerFixture(directory, options);
                LogWatch log = new LogWatch()) {
            try (TestClient client = fixture.greet()) {
                assertThat(client.ask(OptionType.GO, TestClient.infoRequest("nothing"))
                                .error())
                        .isEqualTo(OptionReply.ERR_UNKNOWN);
                leaving.leave(client);
            }
            awaitEnd(fixture);
            assertThat(log.take()).singleElement().asString().contains("refused: cannot open export 'nothing'");
        }
    }

    /** The old option has no error reply: the connection just ends. */
    @Test
    void aClientOfTheOldOptionThatIsRefusedHasOneLine() throws IOException {
        try (ServerFixture fixture = new ServerFixture(directory, NbdOptions.defaults());
                LogWatch log = new LogWatch()) {
            try (TestClient client = fixture.greet()) {
                client.sendOption(1, 7, "nothing".getBytes(StandardCharsets.UTF_8));
                client.expectEnd();
            }
            awaitEnd(fixture);
            assertThat(log.take()).singleElement().asString().contains("refused: cannot open export 'nothing'");
            try (TestClient client = fixture.greet()) {
                client.sendOption(1, 3, new byte[] {'a', 0, 'b'});
                client.expectEnd();
            }
            awaitEnd(fixture);
            assertThat(log.take()).singleElement().asString().contains("'a\\x00b' has a NUL");
        }
    }

    private static void awaitEnd(ServerFixture fixture) {
        while (fixture.server.counters().connections() > 0) {
            Thread.onSpinWait();
        }
    }

    private static void leave(TestClient client) throws IOException {
        client.close();
    }

    /** Stops the server while the device does not end a client's request; returns the log. */
    private List<String> stopWhileTheDeviceIsStuck(boolean clientLeaves) throws IOException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        try (ServerFixture fixture = new ServerFixture(directory, NbdOptions.defaults());
                TestClient client = fixture.open(Mode.SIMPLE);
                LogWatch log = new LogWatch()) {
            fixture.watched.hook = (operation, offset, length, flags) -> {
                if (operation.equals("flush")) {
                    running.countDown();
                    HostileTest.await(gate);
                }
            };
            client.request(CommandType.FLUSH, 0, 1, 0, 0);
            HostileTest.await(running);
            if (clientLeaves) {
                leave(client);
            }
            // Longer than the server needs to see that the client has left.
            fixture.server.stop(Duration.ofSeconds(3));
            gate.countDown();
            return log.take();
        } finally {
            gate.countDown();
        }
    }

    @Test
    void aClientThatHadLeftIsNotBlamedWhenTheServerStops() throws IOException {
        assertThat(stopWhileTheDeviceIsStuck(true))
                .singleElement()
                .asString()
                .contains("has ended already")
                .doesNotContain("replies", "cut off");
    }

    @Test
    void aClientThatWaitsForTheDeviceIsNotBlamedWhenTheServerStops() throws IOException {
        assertThat(stopWhileTheDeviceIsStuck(false))
                .singleElement()
                .asString()
                .contains("cut off: the server stops, and its requests in flight have not ended in time");
    }

    @Test
    void aClientThatTakesNoRepliesIsToldFromThese() throws IOException {
        try (ServerFixture fixture = new ServerFixture(directory, NbdOptions.defaults());
                TestClient client = fixture.open(Mode.SIMPLE);
                LogWatch log = new LogWatch()) {
            client.write(0, 0, new byte[1 << 20]);
            for (int i = 0; i < 16; i++) {
                client.request(CommandType.READ, 0, i, 0, 1 << 20);
            }
            // Read the first bytes of the first reply only: the rest is more than the socket holds.
            client.in.readInt();
            fixture.server.stop(Duration.ofSeconds(2));
            assertThat(log.take())
                    .singleElement()
                    .asString()
                    .contains("cut off: the server stops, and it did not take its replies in time");
        }
    }
}
