package io.holdfast.repair;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.volume.RepairPlan;
import org.junit.jupiter.api.Test;

class LinesTest {
    private static Lines lines(int losing) {
        Lines lines = new Lines();
        for (int i = 0; i < RepairPlan.LINES_MAX; i++) {
            lines.add("space map", i, Lines.NONE, "is marked", "");
        }
        for (int i = 0; i < losing; i++) {
            lines.add("inode", Lines.NONE, i, "is removed", "its name");
        }
        return lines;
    }

    @Test
    void whatLosesSomethingIsListedFirst() {
        Lines lines = lines(7);
        assertThat(lines.count()).isEqualTo(RepairPlan.LINES_MAX + 7L);
        assertThat(lines.listed()).hasSize(RepairPlan.LINES_MAX);
        assertThat(lines.listed().subList(0, 7))
                .allSatisfy(line -> assertThat(line.loss()).isNotEmpty());
        assertThat(lines.listed().get(7).loss()).isEmpty();
        assertThat(lines.losses().count()).isEqualTo(7);
    }

    /** Also of what is not listed it is known whether somebody has agreed to it. */
    @Test
    void aLossBehindTheListedOnesIsKnown() {
        Losses planned = lines(2 * RepairPlan.LINES_MAX).losses();
        assertThat(planned.beside(lines(2 * RepairPlan.LINES_MAX).losses())).isEmpty();
        assertThat(lines(2 * RepairPlan.LINES_MAX + 1).losses().beside(planned))
                .contains(new Losses.Loss(2 * RepairPlan.LINES_MAX, "its name"));
        assertThat(planned.areTooMany()).isFalse();
    }

    @Test
    void lossesAreBounded() {
        Losses many = new Losses();
        for (int i = 0; i <= Losses.KEPT_MAX; i++) {
            many.add(i, "its name");
        }
        assertThat(many.areTooMany()).isTrue();
        assertThat(many.count()).isEqualTo(Losses.KEPT_MAX + 1);
    }
}
