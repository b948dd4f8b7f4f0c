package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Item;
import io.holdfast.fuzz.FuzzTarget;
import java.util.Arrays;
import java.util.List;

/** The item of lost writes, its key and then its value: what is accepted encodes to what it was. */
public final class LossItemFuzz implements FuzzTarget {
    private static final int KEY_BYTES = NamespaceKeys.PREFIX_SIZE + Long.BYTES;

    @Override
    public void run(byte[] input) {
        byte[] key = LossItem.key(0);
        System.arraycopy(
                input,
                0,
                key,
                NamespaceKeys.PREFIX_SIZE,
                Math.min(input.length, key.length - NamespaceKeys.PREFIX_SIZE));
        byte[] value = input.length <= Long.BYTES ? new byte[0] : Arrays.copyOfRange(input, Long.BYTES, input.length);
        LossItem accepted = LossItem.of(new Item(key, value));
        if (accepted != null) {
            assertThat(accepted.item().key()).isEqualTo(key).hasSize(KEY_BYTES);
            assertThat(accepted.item().value()).isEqualTo(value);
        }
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                new byte[] {0, 0, 0, 0, 0, 0, 0, 12, 1},
                new byte[] {0, 0, 0, 0, 0, 0, 0, 12, 2},
                new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 1},
                new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 2});
    }
}
