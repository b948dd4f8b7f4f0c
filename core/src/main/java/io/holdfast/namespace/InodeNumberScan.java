package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Lists the numbers of inodes of which there is any item, whether or not a name leads there. */
final class InodeNumberScan {
    private static final byte[] END = {-1, -1, -1, -1, -1, -1, -1, -1, -1};

    private final MetadataStore store;

    InodeNumberScan(MetadataStore store) {
        this.store = store;
    }

    /** Returns up to {@code limit} numbers greater than {@code after}, unsigned and ascending. */
    List<Long> after(long after, int limit) throws HoldfastException {
        List<Long> numbers = new ArrayList<>();
        long last = after;
        while (numbers.size() < limit && last != -1) {
            List<Item> next = store.scan(NamespaceKeys.first(last + 1, 0), END, 1);
            if (next.isEmpty()) {
                break;
            }
            byte[] key = next.getFirst().key();
            if (key.length < NamespaceKeys.PREFIX_SIZE) {
                break;
            }
            last = ByteBuffer.wrap(key).getLong();
            numbers.add(last);
        }
        return numbers;
    }
}
