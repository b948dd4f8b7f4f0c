package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Connection} must do. */
@Timeout(60)
public abstract class ConnectionContract {
    /** More than any of the connections has room for. */
    private static final int MUCH = 32 << 20;

    private Pair pair;

    /** Two ends of one connection. */
    public record Pair(Connection here, Connection there) {}

    /** Makes a connection. */
    protected abstract Pair connect() throws IOException;

    @BeforeEach
    void begin() throws IOException {
        pair = connect();
    }

    @AfterEach
    void end() throws IOException {
        pair.here().close();
        pair.there().close();
    }

    private static ByteBuffer bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static void writeAll(Connection to, ByteBuffer... sources) throws IOException {
        int first = 0;
        while (first < sources.length) {
            if (sources[first].hasRemaining()) {
                assertThat(to.write(sources, first, sources.length - first)).isPositive();
            } else {
                first++;
            }
        }
    }

    private static byte[] readAll(Connection from, int count) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(count);
        while (target.hasRemaining()) {
            assertThat(from.read(target)).isPositive();
        }
        return target.array();
    }

    private interface Task {
        void run() throws IOException;
    }

    private static CompletableFuture<Void> elsewhere(Task task) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                task.run();
                end.complete(null);
            } catch (IOException | RuntimeException | Error e) {
                end.completeExceptionally(e);
            }
        });
        return end;
    }

    @Test
    void bytesArriveInOrder() throws Exception {
        ByteBuffer much = bytes(MUCH);
        CompletableFuture<Void> sent =
                elsewhere(() -> writeAll(pair.here(), much.slice(0, 5), much.slice(5, MUCH - 5)));
        assertThat(readAll(pair.there(), MUCH)).isEqualTo(much.array());
        sent.get();
    }

    @Test
    void bothWaysAtOnce() throws Exception {
        ByteBuffer much = bytes(MUCH);
        CompletableFuture<Void> one = elsewhere(() -> writeAll(pair.here(), much.duplicate()));
        CompletableFuture<Void> other = elsewhere(() -> writeAll(pair.there(), much.duplicate()));
        CompletableFuture<Void> read =
                elsewhere(() -> assertThat(readAll(pair.here(), MUCH)).isEqualTo(much.array()));
        assertThat(readAll(pair.there(), MUCH)).isEqualTo(much.array());
        one.get();
        other.get();
        read.get();
    }

    @Test
    void writesOnlyTheBuffersItIsGiven() throws IOException {
        ByteBuffer[] sources = {bytes(3), bytes(4), bytes(5), bytes(6)};
        long written = 0;
        while (written < 9) {
            int first = written < 4 ? 1 : 2;
            written += pair.here().write(sources, first, 3 - first);
        }
        assertThat(sources[0].position()).isZero();
        assertThat(sources[3].position()).isZero();
        assertThat(ByteBuffer.wrap(readAll(pair.there(), 9)))
                .isEqualTo(ByteBuffer.allocate(9).put(bytes(4)).put(bytes(5)).flip());
    }

    @Test
    void readsIntoTwoBuffers() throws IOException {
        writeAll(pair.here(), bytes(10));
        ByteBuffer one = ByteBuffer.allocate(4);
        ByteBuffer two = ByteBuffer.allocate(100);
        while (two.position() < 6) {
            assertThat(pair.there().read(one, two)).isPositive();
        }
        assertThat(one.hasRemaining()).isFalse();
        assertThat(ByteBuffer.allocate(10).put(one.flip()).put(two.flip()).flip())
                .isEqualTo(bytes(10));
    }

    @Test
    void theEndComesBehindTheBytes() throws IOException {
        writeAll(pair.here(), bytes(10));
        pair.here().shutdownOutput();
        readAll(pair.there(), 10);
        assertThat(pair.there().read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(pair.there().read(ByteBuffer.allocate(1), ByteBuffer.allocate(1)))
                .isEqualTo(-1);
        assertThat(pair.there().readNow(ByteBuffer.allocate(1))).isEqualTo(-1);
        writeAll(pair.there(), bytes(7));
        assertThat(readAll(pair.here(), 7)).isEqualTo(bytes(7).array());
    }

    @Test
    void whatWasWrittenArrivesAfterTheClose() throws IOException {
        writeAll(pair.here(), bytes(10));
        pair.here().close();
        assertThat(readAll(pair.there(), 10)).isEqualTo(bytes(10).array());
        assertThat(pair.there().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void readNowDoesNotWait() throws Exception {
        assertThat(pair.there().readNow(ByteBuffer.allocate(10))).isZero();
        writeAll(pair.here(), bytes(10));
        ByteBuffer target = ByteBuffer.allocate(20);
        while (target.position() < 10) {
            assertThat(pair.there().readNow(target)).isNotNegative();
        }
        assertThat(pair.there().readNow(target)).isZero();
        assertThat(target.flip()).isEqualTo(bytes(10));
        // It waits again afterwards.
        CompletableFuture<Void> read =
                elsewhere(() -> assertThat(readAll(pair.there(), 3)).isEqualTo(bytes(3).array()));
        writeAll(pair.here(), bytes(3));
        read.get();
    }

    @Test
    void closingWakesAReader() throws Exception {
        CompletableFuture<Void> read = elsewhere(() -> {
            assertThatThrownBy(() -> pair.here().read(ByteBuffer.allocate(1)))
                    .isInstanceOf(ClosedChannelException.class);
        });
        pair.here().close();
        read.get();
        assertThat(pair.here().isOpen()).isFalse();
        pair.here().close();
    }

    @Test
    void closingWakesAWriter() throws Exception {
        CompletableFuture<Void> written = elsewhere(() -> writeAll(pair.here(), bytes(MUCH)));
        readAll(pair.there(), 1);
        pair.here().close();
        assertThatThrownBy(written::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ClosedChannelException.class);
    }

    @Test
    void aPeerThatLeavesWakesAWriter() throws Exception {
        CompletableFuture<Void> written = elsewhere(() -> writeAll(pair.here(), bytes(MUCH)));
        readAll(pair.there(), 1);
        pair.there().close();
        assertThatThrownBy(written::get).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(IOException.class);
        assertThat(pair.here().isOpen()).isTrue();
    }

    @Test
    void theEndOfTheInputWakesAReaderAndLeavesTheOutput() throws Exception {
        CompletableFuture<Void> read = elsewhere(
                () -> assertThat(pair.here().read(ByteBuffer.allocate(1))).isEqualTo(-1));
        pair.here().shutdownInput();
        read.get();
        writeAll(pair.here(), bytes(10));
        assertThat(readAll(pair.there(), 10)).isEqualTo(bytes(10).array());
    }

    @Test
    void whatIsClosedDoesNothing() throws IOException {
        pair.here().close();
        assertThatThrownBy(() -> pair.here().read(ByteBuffer.allocate(1))).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> pair.here().write(new ByteBuffer[] {bytes(1)}, 0, 1))
                .isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> pair.here().shutdownInput()).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> pair.here().shutdownOutput()).isInstanceOf(ClosedChannelException.class);
    }
}
