package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CleanUpTest {
    @Test
    void newestFirstOnceAndOnInSpiteOfAFailure() {
        List<String> done = new ArrayList<>();
        try (CleanUp cleanUp = new CleanUp()) {
            cleanUp.later("first", () -> done.add("first"));
            cleanUp.later("fail", () -> {
                throw new IOException("expected by a test");
            });
            cleanUp.later("last", () -> done.add("last"));
        }
        assertThat(done).containsExactly("last", "first");
    }
}
