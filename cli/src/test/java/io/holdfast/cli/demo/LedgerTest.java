package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.demo.Ledger.Finding;
import org.junit.jupiter.api.Test;

/** The demonstration notices a server that breaks its promise. */
class LedgerTest {
    private final Ledger ledger = new Ledger(4);

    private int write(int block) {
        int version = ledger.issue(block);
        ledger.acknowledge(block);
        return version;
    }

    private void flush() {
        ledger.afterFlush(ledger.beforeFlush());
    }

    @Test
    void aFlushedWriteMustBeThere() {
        write(0);
        flush();
        assertThat(ledger.judge(0, 0)).isEqualTo(Finding.FLUSHED_LOST);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.KEPT);
        assertThat(ledger.durableBlocks()).isEqualTo(1);
    }

    @Test
    void anAcknowledgedWriteThatWasNotFlushedMayBeLost() {
        write(0);
        flush();
        write(0);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.UNFLUSHED_LOST);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.KEPT);
    }

    @Test
    void aFlushCoversOnlyWhatWasAcknowledgedBeforeIt() {
        int[] covered = ledger.beforeFlush();
        write(0);
        ledger.afterFlush(covered);
        assertThat(ledger.judge(0, 0)).isEqualTo(Finding.UNFLUSHED_LOST);
    }

    @Test
    void aWriteInFlightMayBeThereOrNot() {
        ledger.issue(0);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.KEPT);
        ledger.issue(1);
        assertThat(ledger.judge(1, 0)).isEqualTo(Finding.KEPT);
    }

    @Test
    void whatWasNeverWrittenIsTorn() {
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.TORN);
        assertThat(ledger.judge(0, Pattern.TORN)).isEqualTo(Finding.TORN);
    }

    @Test
    void whatWasFoundAfterACrashMustStay() {
        ledger.issue(0);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.KEPT);
        assertThat(ledger.judge(0, 0)).isEqualTo(Finding.FLUSHED_LOST);
    }

    @Test
    void whatACrashTookMustNotComeBack() {
        write(0);
        ledger.issue(0);
        ledger.issue(0);
        assertThat(ledger.judge(0, 1)).isEqualTo(Finding.KEPT);
        assertThat(ledger.judge(0, 2)).isEqualTo(Finding.TORN);
        assertThat(write(0)).isEqualTo(4);
        assertThat(ledger.judge(0, 3)).isEqualTo(Finding.TORN);
        assertThat(ledger.judge(0, 4)).isEqualTo(Finding.KEPT);
    }

    @Test
    void zeroesAreAVersionToo() {
        for (int version = 1; version <= Ledger.ZEROES_EVERY; version++) {
            assertThat(Ledger.zeroes(write(0))).isEqualTo(version == Ledger.ZEROES_EVERY);
        }
        flush();
        assertThat(ledger.judge(0, 7)).isEqualTo(Finding.FLUSHED_LOST);
        assertThat(ledger.judge(0, 0)).isEqualTo(Finding.KEPT);
        write(0);
        flush();
        assertThat(ledger.judge(0, 0)).isEqualTo(Finding.FLUSHED_LOST);
        assertThat(ledger.judge(0, 9)).isEqualTo(Finding.KEPT);
    }
}
