package io.holdfast.sim.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import io.holdfast.nbd.transport.ConnectionContract;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** On threads of the machine: the scheduler of a simulation is not needed for what a connection promises. */
class SimConnectionTest extends ConnectionContract {
    private static final int ROOM = 10_000;

    private static final class Line implements Medium {
        private final Random random = new Random(5);
        private final boolean resets;

        Line(boolean resets) {
            this.resets = resets;
        }

        @Override
        @SuppressWarnings("ThreadPriorityCheck")
        public void pause() {
            Thread.yield();
        }

        @Override
        public int some(int max) {
            return 1 + random.nextInt(max);
        }

        @Override
        public boolean resets() {
            return resets;
        }

        @Override
        public long nanoTime() {
            return Timing.SYSTEM.nanoTime();
        }

        @Override
        public void await(ReentrantLock lock, Condition condition, long nanos) throws InterruptedException {
            Timing.SYSTEM.await(lock, condition, nanos);
        }
    }

    private static SimConnection connection(boolean resets) {
        return new SimConnection(new Line(resets), ROOM, ROOM);
    }

    @Override
    protected Pair connect() {
        SimConnection connection = connection(false);
        return new Pair(connection.server(), connection.client());
    }

    private static void write(SimConnection.End to, int bytes) throws IOException {
        to.write(new ByteBuffer[] {ByteBuffer.allocate(bytes)}, 0, 1);
    }

    @Test
    void itBreaksWhereItIsTold() throws IOException {
        SimConnection connection = connection(false);
        connection.client().breakAfter(100, Long.MAX_VALUE);
        write(connection.client(), 99);
        assertThatThrownBy(() -> write(connection.client(), 2)).isInstanceOf(IOException.class);
        ByteBuffer received = ByteBuffer.allocate(200);
        while (connection.server().read(received) >= 0) {
            assertThat(received.position()).isLessThanOrEqualTo(100);
        }
        assertThat(received.position()).isEqualTo(100);
    }

    @Test
    void itBreaksAtItsReader() throws IOException {
        SimConnection connection = connection(false);
        connection.client().breakAfter(Long.MAX_VALUE, 100);
        write(connection.server(), 1000);
        ByteBuffer received = ByteBuffer.allocate(200);
        assertThatThrownBy(() -> {
                    while (received.hasRemaining()) {
                        connection.client().read(received);
                    }
                })
                .isInstanceOf(IOException.class);
        assertThat(received.position()).isEqualTo(100);
        assertThatThrownBy(() -> write(connection.server(), 1)).hasMessage("Broken pipe");
    }

    @Test
    void closingWithUnreadBytesLosesWhatWasWritten() throws IOException {
        SimConnection connection = connection(true);
        write(connection.client(), 10);
        write(connection.server(), 10);
        connection.client().close();
        assertThatThrownBy(() -> connection.server().read(ByteBuffer.allocate(10)))
                .hasMessage("Connection reset by peer");
    }

    @Test
    void aReadMayEndWithTheTime() throws IOException {
        SimConnection connection = connection(false);
        ByteBuffer target = ByteBuffer.allocate(10);
        assertThat(connection.client().readWithin(target, 1000)).isZero();
        write(connection.server(), 1);
        assertThat(connection.client().readWithin(target, Long.MAX_VALUE / 2)).isEqualTo(1);
        connection.server().close();
        assertThat(connection.client().readWithin(target, 1000)).isEqualTo(-1);
    }
}
