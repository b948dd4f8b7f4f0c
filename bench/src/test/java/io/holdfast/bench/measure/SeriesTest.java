package io.holdfast.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SeriesTest {
    @Test
    void medianIsTheMiddleWhateverTheOrder() {
        assertThat(Series.of(9, 1, 5).median()).isEqualTo(5);
        assertThat(Series.of(9, 1, 5, 7).median()).isEqualTo(6);
        assertThat(Series.of(3).median()).isEqualTo(3);
    }

    @Test
    void spreadIsLeastAndMost() {
        assertThat(Series.of(9, 1, 5).min()).isEqualTo(1);
        assertThat(Series.of(9, 1, 5).max()).isEqualTo(9);
    }

    @Test
    void ratiosAreTakenRoundByRound() {
        // The machine is half as fast in the second round; the ratio stays.
        assertThat(Series.of(200, 100, 220).over(Series.of(100, 50, 100)).values())
                .isEqualTo(List.of(2.0, 2.0, 2.2));
    }

    @Test
    void whatWasMeasuredOnceStandsForAllRounds() {
        assertThat(Series.of(10, 20).over(Series.of(10)).values()).isEqualTo(List.of(1.0, 2.0));
    }

    @Test
    void emptyIsRefused() {
        assertThatThrownBy(() -> new Series(List.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
