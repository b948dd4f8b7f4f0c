package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.volume.CreateOptions;
import java.time.Instant;
import java.util.List;

/** An inode's record: what is accepted encodes to what it was. */
public final class InodeRecordFuzz implements FuzzTarget {
    @Override
    public void run(byte[] input) {
        try {
            assertThat(InodeRecord.decode(7, input).encode()).isEqualTo(input);
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    @Override
    public List<byte[]> seeds() {
        Instant now = Instant.ofEpochSecond(1_700_000_000, 5);
        return List.of(
                InodeRecord.newFile(CreateOptions.file().withSize(1L << 40), now)
                        .encode(),
                InodeRecord.newDirectory(1, 0755, 1, 2, now).encode(),
                InodeRecord.newSymlink(300, now).encode());
    }
}
