package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.Wire;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Fixture for clients that a server must survive: after each test it must serve a well-behaved client. */
@Timeout(120)
abstract class HostileTest {
    static final byte[] NOTHING = {};

    @TempDir
    Path directory;

    ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory, NbdOptions.defaults());
    }

    @AfterEach
    void stillServesAndLeaksNothing() throws IOException {
        fixture.watched.hook = (operation, offset, length, flags) -> {};
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            assertThat(client.write(Wire.FLAG_FUA, 0, new byte[4096])).isZero();
            assertThat(client.read(0, 0, 4096)).containsOnly(0);
        }
        fixture.close();
        assertThat(fixture.server.counters().connections()).isZero();
        assertThat(fixture.watched.closed).hasValue(fixture.watched.opened.get());
    }

    static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
