package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.InodeMark;
import io.holdfast.metadata.MetadataStore;

/**
 * Gives out inode numbers. While the volume is open it gives out each number once. It never gives out one again that
 * was durable. A crash may take an inode together with the mark above it; the number of that inode may be given out
 * once more.
 *
 * <p>Invariant: as soon as an inode is stored, its number is below the stored high-water mark. The mark moves by
 * {@value #STEP}, in the commit of the first inode at the old mark. After the volume is opened again, the numbers
 * between the last one used and the mark are skipped. Guarded by the namespace's write lock.
 */
final class InodeNumbers {
    static final int STEP = 1024;

    private final MetadataStore store;
    private long next;
    private long highWater;

    InodeNumbers(MetadataStore store) {
        this.store = store;
    }

    /** Returns the number for a new inode. {@link #used} uses it up; until then it is the next one again. */
    long take(NamespaceChange change) throws HoldfastException {
        if (next == 0) {
            next = stored();
            highWater = next;
        }
        if (next == highWater) {
            change.put(InodeMark.item(highWater + STEP));
        }
        return next;
    }

    /** Uses up the number: the change with its inode is committed. */
    void used() {
        if (next == highWater) {
            highWater += STEP;
        }
        next++;
    }

    static Item first() {
        return InodeMark.item(InodeMark.FIRST);
    }

    private long stored() throws HoldfastException {
        long mark = mark();
        if (mark < 0) {
            throw Damage.inode(NamespaceKeys.VOLUME, "the high-water mark of inode numbers is missing or malformed");
        }
        if (!store.scan(NamespaceKeys.first(mark, 0), NamespaceKeys.first(-1, 0xff), 1)
                .isEmpty()) {
            throw Damage.inode(
                    NamespaceKeys.VOLUME, "an inode number in use is not below the high-water mark of " + mark);
        }
        return mark;
    }

    private long mark() throws HoldfastException {
        byte[] value;
        try {
            value = store.get(InodeMark.key());
        } catch (HoldfastException e) {
            // There is no newer mark in the log, so the last checkpoint's holds.
            long mark = store.inodesBelow();
            if (mark == 0) {
                throw e;
            }
            return mark;
        }
        return value == null ? -1 : InodeMark.decode(value);
    }
}
