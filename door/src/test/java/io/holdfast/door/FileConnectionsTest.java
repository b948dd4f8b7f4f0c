package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FileConnectionsTest {
    private static final long FILE = 7;

    private final FileConnections connections = new FileConnections(Timing.SYSTEM);

    private ChangeGate enter(long accepted) throws IOException {
        ChangeGate gate = new ChangeGate(Timing.SYSTEM);
        connections.enter(FILE, gate, accepted, () -> false);
        return gate;
    }

    @Test
    void aConnectionAloneIsNotAskedWhetherItsClientIsThere() throws IOException {
        ChangeGate gate = enter(connections.mark());
        gate.begin(() -> {
            throw new AssertionError("asked");
        });
    }

    @Test
    void anEarlierConnectionLooksBeforeItsNextChange() throws IOException {
        ChangeGate first = enter(connections.mark());
        enter(connections.mark());
        assertThatThrownBy(() -> first.begin(() -> true)).isInstanceOf(EOFException.class);
    }

    /** Its handshake took so long that its successor was served first, and may even be gone again. */
    @Test
    void aConnectionThatWasOvertakenLooksBeforeItsFirstChange() throws IOException {
        long accepted = connections.mark();
        ChangeGate successor = enter(connections.mark());
        ChangeGate overtaken = enter(accepted);
        assertThatThrownBy(() -> overtaken.begin(() -> true)).isInstanceOf(EOFException.class);
        connections.leave(FILE, successor);
        connections.leave(FILE, overtaken);
        ChangeGate again = enter(accepted);
        assertThatThrownBy(() -> again.begin(() -> true)).isInstanceOf(EOFException.class);
    }

    @Test
    void aNewConnectionWaitsForChangesThatHaveBegun() throws Exception {
        ChangeGate first = enter(connections.mark());
        ChangeGate.Period change = first.begin(() -> false);
        CountDownLatch served = new CountDownLatch(1);
        Thread second = Thread.ofPlatform().start(() -> {
            try {
                enter(connections.mark());
                served.countDown();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        // The first connection is asked as soon as the second one has come.
        while (!isAsked(first)) {
            Thread.onSpinWait();
        }
        assertThat(served.getCount()).isEqualTo(1);
        first.end(change);
        second.join();
        assertThat(served.getCount()).isZero();
    }

    private static boolean isAsked(ChangeGate gate) throws IOException {
        boolean[] asked = new boolean[1];
        gate.end(gate.begin(() -> {
            asked[0] = true;
            return false;
        }));
        return asked[0];
    }
}
