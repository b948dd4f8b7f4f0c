package io.holdfast.btree;

import io.holdfast.format.Item;
import java.util.Arrays;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** An iterator over a sorted batch of changes that can peek at the next one. Refuses a batch that is not sorted. */
final class Changes {
    private final Iterator<Item> iterator;
    private @Nullable Item next;

    Changes(Iterator<Item> iterator) {
        this.iterator = iterator;
        advance();
    }

    boolean isEmpty() {
        return next == null;
    }

    /** Returns the next change if its key is below {@code high}; a null {@code high} is above all keys. */
    @Nullable
    Item peekBelow(byte @Nullable [] high) {
        Item change = next;
        return change == null || high == null || Arrays.compareUnsigned(change.key(), high) < 0 ? change : null;
    }

    void advance() {
        Item previous = next;
        next = iterator.hasNext() ? iterator.next() : null;
        if (next == null) {
            return;
        }
        byte[] key = next.key();
        byte[] value = next.value();
        if (key.length == 0 || key.length > Item.KEY_MAX) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes");
        }
        if (value != null && value.length > Item.VALUE_MAX) {
            throw new IllegalArgumentException("a value of " + value.length + " bytes");
        }
        if (previous != null && Arrays.compareUnsigned(previous.key(), key) >= 0) {
            throw new IllegalArgumentException("changes are not sorted");
        }
    }
}
