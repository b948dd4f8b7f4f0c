package io.holdfast.btree;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A sorted batch of changes, of which the next one can be looked at. Refuses a batch that is not sorted. */
final class Changes {
    private final Source source;
    private @Nullable Item next;

    /** Where changes come from, one after the other. */
    interface Source {
        /** Returns the next change; null at the end. */
        @Nullable
        Item next() throws HoldfastException;
    }

    /** Hears of older changes that newer ones take the place of. */
    interface Replaced {
        void replaced(Item newer, Item older) throws HoldfastException;
    }

    Changes(Source source) throws HoldfastException {
        this.source = source;
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

    void advance() throws HoldfastException {
        Item previous = next;
        next = source.next();
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

    /** Returns the changes below a key as changes of their own. Whoever takes one takes it from here. */
    Changes below(byte @Nullable [] high) throws HoldfastException {
        return new Changes(() -> takeBelow(high));
    }

    /** Returns older changes with those here that are below a key; where both have the same item, those here count. */
    Changes over(Source older, byte @Nullable [] high, Replaced replaced) throws HoldfastException {
        return new Changes(new Merge(older, high, replaced));
    }

    private @Nullable Item takeBelow(byte @Nullable [] high) throws HoldfastException {
        Item change = peekBelow(high);
        if (change != null) {
            advance();
        }
        return change;
    }

    private final class Merge implements Source {
        private final Source older;
        private final byte @Nullable [] high;
        private final Replaced replaced;
        private @Nullable Item old;

        Merge(Source older, byte @Nullable [] high, Replaced replaced) throws HoldfastException {
            this.older = older;
            this.high = high;
            this.replaced = replaced;
            this.old = older.next();
        }

        @Override
        public @Nullable Item next() throws HoldfastException {
            Item before = old;
            Item change = peekBelow(high);
            if (before == null) {
                return takeBelow(high);
            }
            int order = change == null ? -1 : Arrays.compareUnsigned(before.key(), change.key());
            if (order == 0 && change != null) {
                replaced.replaced(change, before);
            }
            if (order <= 0) {
                old = older.next();
            }
            return order < 0 ? before : takeBelow(high);
        }
    }
}
