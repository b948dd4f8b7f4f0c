package io.holdfast.format;

import org.jspecify.annotations.Nullable;

/**
 * An item of the metadata tree, or a change of one. Keys compare as unsigned bytes, a prefix first.
 *
 * @param key 1 to {@link #KEY_MAX} bytes
 * @param value up to {@link #VALUE_MAX} bytes; null, in a change, removes the item
 */
public record Item(byte[] key, byte @Nullable [] value) {
    public static final int KEY_MAX = 300;
    public static final int VALUE_MAX = 1024;

    public static Item remove(byte[] key) {
        return new Item(key, null);
    }
}
