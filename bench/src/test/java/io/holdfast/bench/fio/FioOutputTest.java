package io.holdfast.bench.fio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FioOutputTest {
    /** The output of fio 3.33 for 200 writes to qemu-nbd, with a flush after each but the last. */
    private static String real() throws IOException {
        try (InputStream in = FioOutputTest.class.getResourceAsStream("commit.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void readsRealOutputBehindTheEnginesRemark() throws IOException {
        assertThat(real()).startsWith("fio: connected to NBD server");
        FioResult result = FioOutput.parse(real());
        assertThat(result.requests()).isEqualTo(200);
        assertThat(result.write().bytes()).isEqualTo(819_200);
        assertThat(result.read()).isEqualTo(FioResult.Direction.NONE);
        assertThat(result.seconds()).isEqualTo(0.065);
        assertThat(result.iops()).isCloseTo(3076.9, within(0.1));
        assertThat(result.flushes()).isEqualTo(199);
        assertThat(result.flushSeconds()).isCloseTo(164.86e-6, within(0.01e-6));
        assertThat(result.p99Micros()).isCloseTo(1466.368, within(0.001));
        assertThat(result.maxMicros()).isGreaterThanOrEqualTo(result.p99Micros());
    }

    @Test
    void noJsonIsNamed() {
        assertThatThrownBy(() -> FioOutput.parse("fio: connect: no such file\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void aJobThatFailedOrDidNothingIsNoResult() {
        assertThatThrownBy(() -> FioOutput.parse("{\"jobs\":[{\"error\":5}]}")).hasMessageContaining("error 5");
        assertThatThrownBy(() -> FioOutput.parse("{\"jobs\":[{\"error\":0}]}")).hasMessageContaining("nothing");
        assertThatThrownBy(() -> FioOutput.parse("{\"jobs\":[]}")).hasMessageContaining("0 jobs");
    }
}
