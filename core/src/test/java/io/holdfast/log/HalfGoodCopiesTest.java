package io.holdfast.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HalfGoodCopiesTest {
    private static final int MAX = HalfGoodCopies.LISTED_MAX;

    private final HalfGoodCopies copies = new HalfGoodCopies();

    /** Adds a copy of each of these records. */
    private void add(int from, int to) {
        for (int sequence = from; sequence < to; sequence++) {
            copies.add(sequence, 10 + sequence, "its header", "it has something else");
        }
    }

    private List<String> problems(long durableThrough) {
        return copies.problems("volume", durableThrough).stream()
                .map(LogReader.Problem::message)
                .toList();
    }

    /** A torn tail, however long, is no damage. */
    @Test
    void copiesOfRecordsThatWereNotDurableAreNoProblem() {
        add(0, 3 * MAX);
        assertThat(problems(-1)).isEmpty();
    }

    @Test
    void copiesThatAreNotListedAreCountedIfTheirRecordsWereDurable() {
        add(0, 2 * MAX);
        copies.durableThrough(MAX + 4);
        assertThat(problems(MAX + 9)).hasSize(MAX + 1).last().asString().contains("of 10 more blocks");
    }

    @Test
    void onlyListedOnesOfDurableRecordsAreProblems() {
        add(0, 20);
        add(0, 20);
        assertThat(problems(4)).hasSize(5).first().asString().contains("log record 0: block 10, its header");
    }
}
