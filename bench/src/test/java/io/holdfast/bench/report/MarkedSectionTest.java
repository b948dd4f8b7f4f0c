package io.holdfast.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MarkedSectionTest {
    private final MarkedSection section = new MarkedSection("bench");

    @Test
    void whatPeopleWroteAroundItStays() {
        String page = section.replaceIn("# Page\n", "old") + "\nafter\n";
        String replaced = section.replaceIn(page, "new");
        assertThat(replaced)
                .startsWith("# Page\n")
                .endsWith("\nafter\n")
                .contains("new")
                .doesNotContain("old");
        assertThat(section.replaceIn(replaced, "new")).isEqualTo(replaced);
    }

    @Test
    void halfAMarkerIsNotGuessedAt() {
        String page = section.replaceIn("# Page\n", "old");
        assertThatThrownBy(() -> section.replaceIn(page.replace("<!-- end bench -->", ""), "new"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
