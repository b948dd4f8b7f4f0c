package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An Error on any thread of a session ends that session and no other; {@link HostileTest} looks at what is left. */
class ThrownErrorTest extends HostileTest {
    /** The requests go to workers, to the queue of reads, and to the reading thread. */
    @ParameterizedTest
    @CsvSource({
        "write, WRITE, 512",
        "write, WRITE, 100000",
        "write, WRITE, 3000000",
        "read, READ, 512",
        "read, READ, 4096",
        "read, READ, 3000000",
        "openReads, READ, 4096",
        "map, BLOCK_STATUS, 4096",
        "punch, TRIM, 8192",
        "punch, WRITE_ZEROES, 8192",
        "flush, FLUSH, 0",
        "read, CACHE, 4096",
    })
    void endsItsSessionAlone(String operation, CommandType type, int length) throws IOException {
        AtomicBoolean thrown = new AtomicBoolean();
        try (TestClient other = fixture.open(Mode.SIMPLE);
                TestClient client = fixture.open(Mode.STRUCTURED)) {
            assertThat(other.write(0, 0, new byte[512])).isZero();
            fixture.watched.hook = (called, offset, bytes, flags) -> {
                if (called.equals(operation)) {
                    thrown.set(true);
                    throw new OutOfMemoryError("injected");
                }
            };
            try {
                for (int i = 0; i < 40; i++) {
                    if (type == CommandType.WRITE) {
                        client.sendWrite(0, i, 1L << 20, new byte[length]);
                    } else {
                        client.request(type, 0, i, 0, length);
                    }
                }
            } catch (IOException e) {
                // The server has ended the connection.
            }
            client.expectEnd();
            assertThat(thrown).isTrue();
            while (fixture.server.counters().connections() > 1) {
                Thread.onSpinWait();
            }
            fixture.watched.hook = (called, offset, bytes, flags) -> {};
            assertThat(other.write(Wire.FLAG_FUA, 0, new byte[4096])).isZero();
            assertThat(other.read(0, 0, 4096)).containsOnly(0);
            // The server releases the memory of a reply when it has sent it.
            while (fixture.server.payloadBytesHeld() > 0) {
                Thread.onSpinWait();
            }
        }
    }

    /** The export is open when the Error comes; nobody must find it in use afterwards. */
    @Test
    void inTheHandshakeLeavesNoFileOpen() throws IOException {
        fixture.watched.hook = (called, offset, bytes, flags) -> {
            if (called.equals("size")) {
                throw new OutOfMemoryError("injected");
            }
        };
        try (TestClient client = fixture.greet()) {
            client.sendOption(
                    7,
                    TestClient.infoRequest(ServerFixture.EXPORT).length,
                    TestClient.infoRequest(ServerFixture.EXPORT));
            client.expectEnd();
        }
        while (fixture.server.counters().connections() > 0) {
            Thread.onSpinWait();
        }
        assertThat(fixture.watched.closed).hasValue(fixture.watched.opened.get());
    }
}
