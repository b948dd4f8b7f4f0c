package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScribbleCommandTest {
    @TempDir
    private Path folder;

    @Test
    void writesReadsBackAndWritesOnUntilItIsTold() {
        Cancellation cancel = Cancellation.none();
        Household home = new Household(folder).withCancellation(cancel);
        home.run("format", "VOLUME", "--size", "128M");
        cancel.request();
        Result result = home.run("scribble", "VOLUME", "--seconds", "0");
        assertThat(result.err()).isEmpty();
        assertThat(result.out().lines().toList())
                .satisfiesExactly(
                        written -> assertThat(written).contains("\"event\":\"written\"", "\"blocks\":"),
                        back -> assertThat(back).contains("\"event\":\"read_back\"", "\"mismatches\":0"),
                        on -> assertThat(on).contains("\"event\":\"writing_on\""));
        assertThat(result.status()).isEqualTo(130);
    }
}
