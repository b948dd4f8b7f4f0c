package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import java.time.Instant;
import java.util.List;

/** The item of the last check: what is accepted encodes to what it was. */
public final class CheckItemFuzz implements FuzzTarget {
    @Override
    public void run(byte[] input) {
        try {
            assertThat(CheckItem.decode(input).item().value()).isEqualTo(input);
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    private static byte[] seed(CheckItem item) {
        byte[] value = item.item().value();
        return value == null ? new byte[0] : value;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                seed(CheckItem.NONE.with(
                        new FinishedCheck(Instant.ofEpochMilli(1_700_000_000_123L), 4_000_000_000L, 0, 0))),
                seed(CheckItem.NONE
                        .with(new FinishedCheck(Instant.EPOCH, 0, Long.MAX_VALUE, 7))
                        .with(JobKind.CHECK, new JobSettings(true, 9))),
                seed(CheckItem.NONE.with(JobKind.REAP, new JobSettings(true, Long.MAX_VALUE))),
                new byte[CheckItem.BYTES - 1]);
    }
}
