package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.door.AcceptLoop;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server runs out of descriptors, threads or places; afterwards everything works as before. */
@Timeout(60)
class LimitTest {
    @TempDir
    Path directory;

    @Test
    void theAcceptLoopGoesOn() throws IOException {
        AtomicBoolean open = new AtomicBoolean(true);
        AtomicInteger accepts = new AtomicInteger();
        AtomicInteger offers = new AtomicInteger();
        List<SocketChannel> taken = new ArrayList<>();
        try (SocketChannel one = SocketChannel.open();
                SocketChannel two = SocketChannel.open()) {
            new AcceptLoop(
                            "test",
                            open::get,
                            () -> switch (accepts.incrementAndGet()) {
                                case 1, 2 -> throw new IOException("Too many open files");
                                case 3 -> throw new NoClassDefFoundError("io/holdfast/Something");
                                case 4 -> one;
                                case 5 -> throw new ClosedChannelException();
                                case 6 -> two;
                                default -> {
                                    open.set(false);
                                    throw new ClosedChannelException();
                                }
                            },
                            socket -> {
                                if (offers.incrementAndGet() <= 2) {
                                    throw new OutOfMemoryError("unable to create native thread");
                                }
                                taken.add(socket);
                            })
                    .run();
            assertThat(taken).containsExactly(one, two);
            assertThat(one.isOpen()).isTrue();
        }
    }

    /** A failure of one connection ends no other. */
    @Test
    void aConnectionThatCannotBeTakenIsClosed() throws IOException {
        AtomicBoolean open = new AtomicBoolean(true);
        try (SocketChannel socket = SocketChannel.open()) {
            new AcceptLoop("test", open::get, () -> socket, channel -> {
                        open.set(false);
                        throw new IOException("the client is gone");
                    })
                    .run();
            assertThat(socket.isOpen()).isFalse();
        }
    }

    @Test
    void clientsAreServedWhenThereAreThreadsAgain() throws IOException {
        AtomicInteger failures = new AtomicInteger(5);
        NbdSessions.Starter starter = thread -> {
            if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            thread.start();
        };
        NbdOptions one = NbdOptions.defaults().withConnectionsMax(1);
        try (Volume volume = TestVolumes.open()) {
            volume.create("/disk", CreateOptions.file().withSize(1 << 20)).close();
            List<NbdAddress> address = List.of(NbdAddress.parse("unix:" + directory.resolve("s")));
            try (NbdServer server = NbdServer.start(volume, address, one, starter);
                    TestClient client = TestClient.open(server.addresses().getFirst(), "disk", Mode.SIMPLE)) {
                assertThat(client.write(0, 0, new byte[512])).isZero();
                assertThat(server.counters().connections()).isEqualTo(1);
                assertThat(server.counters().connectionsAccepted()).isEqualTo(1);
            }
        }
    }

    /** Clients that were refused and do not leave take no place from clients that may be served. */
    @Test
    void refusedClientsTakeNoPlaces() throws IOException {
        try (ServerFixture fixture =
                new ServerFixture(directory, NbdOptions.defaults().withConnectionsMax(1))) {
            List<TestClient> refused = new ArrayList<>();
            try (TestClient served = fixture.open(Mode.SIMPLE)) {
                for (int i = 0; i < 8; i++) {
                    TestClient client = fixture.greet();
                    refused.add(client);
                    assertThat(client.ask(OptionType.LIST, new byte[0]).error()).isEqualTo(OptionReply.ERR_POLICY);
                }
                try (TestClient more = TestClient.connect(fixture.address)) {
                    more.expectEnd();
                }
                assertThat(served.write(0, 0, new byte[512])).isZero();
                served.request(2, 0, 0, 0, 0);
                served.expectEnd();
            }
            // The server closes the socket a moment before the place is free.
            try (TestClient next = openAtLast(fixture)) {
                assertThat(next.write(0, 0, new byte[512])).isZero();
            }
            for (TestClient client : refused) {
                client.expectEnd();
                client.close();
            }
        }
    }

    private static TestClient openAtLast(ServerFixture fixture) throws IOException {
        while (true) {
            TestClient client = TestClient.connect(fixture.address);
            try {
                client.greeting(3);
                if (client.ask(OptionType.LIST, new byte[0]).error() == null) {
                    client.negotiate(ServerFixture.EXPORT, Mode.SIMPLE);
                    return client;
                }
            } catch (IOException e) {
                // The server closed the connection at once.
            }
            client.close();
        }
    }
}
