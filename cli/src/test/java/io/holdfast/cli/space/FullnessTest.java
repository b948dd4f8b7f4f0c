package io.holdfast.cli.space;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FullnessTest {
    @ParameterizedTest
    @CsvSource({"0, 100, 0, 0", "79, 21, 79, 0", "80, 20, 80, 80", "899, 101, 90, 90", "100, 0, 100, 90", "1, 999, 1, 0"
    })
    void countsPercentsUpwards(long taken, long free, int percent, int level) {
        Fullness fullness = new Fullness(taken, free);
        assertThat(fullness.percent()).isEqualTo(percent);
        assertThat(fullness.level()).isEqualTo(level);
    }

    @Test
    void nothingIsNotFull() {
        assertThat(new Fullness(0, 0).level()).isZero();
    }

    @Test
    void takesTheLargestFileSystems() {
        assertThat(new Fullness(Long.MAX_VALUE, Long.MAX_VALUE).percent()).isEqualTo(50);
    }
}
