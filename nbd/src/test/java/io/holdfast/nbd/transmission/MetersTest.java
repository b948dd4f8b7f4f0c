package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.NbdMetrics;
import io.holdfast.nbd.protocol.CommandType;
import org.junit.jupiter.api.Test;

class MetersTest {
    private final Meters meters = new Meters();

    /** A client makes files, and names, as it likes. */
    @Test
    void ofManyExportsTheFirstAreToldApart() {
        for (int i = 0; i < 3 * Meters.EXPORTS_MAX; i++) {
            meters.export("disk " + i).received(CommandType.READ.code());
        }
        meters.export("disk 0").received(CommandType.READ.code());
        assertThat(meters.exports()).hasSize(Meters.EXPORTS_MAX);
        assertThat(meters.exports().getFirst().requests()).containsEntry("read", 2L);
        assertThat(meters.others().total()).isEqualTo(2L * Meters.EXPORTS_MAX);
        assertThat(meters.exports().stream().mapToLong(NbdMetrics.Export::total).sum())
                .isEqualTo(Meters.EXPORTS_MAX + 1);
    }

    @Test
    void whatIsNoRequestIsCountedToo() {
        ExportMeter export = meters.export("x");
        export.received(0xffff);
        export.received(8);
        meters.ended(0xffff, 5);
        assertThat(meters.exports().getFirst().requests()).containsEntry("unknown", 2L);
        assertThat(meters.operations().getLast().name()).isEqualTo("unknown");
        assertThat(meters.operations().getLast().times().count()).isEqualTo(1);
    }
}
