package io.holdfast.namespace;

import io.holdfast.format.Item;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Splits a byte string that is too long for one item into items numbered from 0. All but the last are full. */
final class Chunks {
    static final int SIZE = Item.VALUE_MAX;

    private Chunks() {}

    /** Returns the number of chunks; an empty string has one. */
    static int count(int length) {
        return Math.max(1, (length + SIZE - 1) / SIZE);
    }

    static byte[] chunk(byte[] whole, int index) {
        return Arrays.copyOfRange(whole, index * SIZE, Math.min(whole.length, (index + 1) * SIZE));
    }

    /** Returns the whole string, or null if a chunk is missing, out of place or has the wrong length. */
    static byte @Nullable [] join(List<Item> items, IntFunction<byte[]> keyOf) {
        byte[] whole = new byte[items.size() * SIZE];
        int length = 0;
        for (int i = 0; i < items.size(); i++) {
            Item item = items.get(i);
            byte[] value = item.value();
            boolean last = i == items.size() - 1;
            if (value == null
                    || value.length > SIZE
                    || (!last && value.length < SIZE)
                    || (i > 0 && value.length == 0)
                    || !Arrays.equals(item.key(), keyOf.apply(i))) {
                return null;
            }
            System.arraycopy(value, 0, whole, length, value.length);
            length += value.length;
        }
        return Arrays.copyOf(whole, length);
    }
}
