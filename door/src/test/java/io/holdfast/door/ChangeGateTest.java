package io.holdfast.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import java.io.EOFException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChangeGateTest {
    private final ChangeGate gate = new ChangeGate(Timing.SYSTEM);
    private final AtomicInteger looks = new AtomicInteger();

    private ChangeGate.Period begin() throws IOException {
        return gate.begin(() -> {
            looks.incrementAndGet();
            return false;
        });
    }

    @Test
    void withoutASuccessorNobodyLooks() throws IOException {
        gate.end(begin());
        gate.end(begin());
        assertThat(looks).hasValue(0);
    }

    @Test
    void aSuccessorWaitsForWhatHadBegunAndForNothingElse() throws Exception {
        ChangeGate.Period early = begin();
        ChangeGate.Period alsoEarly = begin();
        long first = gate.succeed();
        ChangeGate.Period between = begin();
        long second = gate.succeed();
        ChangeGate.Period late = begin();
        assertThat(gate.awaitPeriod(first, 0)).isFalse();
        gate.end(early);
        assertThat(gate.awaitPeriod(first, 1000)).isFalse();
        gate.end(alsoEarly);
        assertThat(gate.awaitPeriod(first, 0)).isTrue();
        assertThat(gate.awaitPeriod(second, 0)).isFalse();
        gate.end(between);
        assertThat(gate.awaitPeriod(second, 0)).isTrue();
        assertThat(looks).hasValue(2);
        gate.end(late);
    }

    @Test
    void oneThatHadNothingUnderWayIsNotWaitedFor() throws Exception {
        assertThat(gate.awaitPeriod(gate.succeed(), 0)).isTrue();
        ChangeGate.Period period = begin();
        gate.end(period);
        assertThat(gate.awaitPeriod(gate.succeed(), 0)).isTrue();
    }

    @Test
    void nothingBeginsForAClientThatIsGone() {
        gate.succeed();
        assertThatThrownBy(() -> gate.begin(() -> true)).isInstanceOf(EOFException.class);
    }

    @Test
    void whoComesDuringALookCausesAnother() throws IOException {
        gate.succeed();
        ChangeGate.Period period = gate.begin(() -> {
            if (looks.incrementAndGet() == 1) {
                gate.succeed();
            }
            return false;
        });
        assertThat(looks).hasValue(2);
        gate.end(period);
    }
}
