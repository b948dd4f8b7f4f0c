package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** A metadata store in memory that holds its users to the contract's bounds, and refuses commits on demand. */
final class MemoryItems implements MetadataStore {
    private final TreeMap<byte[], byte[]> items = new TreeMap<>(Arrays::compareUnsigned);
    private final ReentrantLock lock = new ReentrantLock();
    /** Commits left until all that do not free space are refused; negative for never. */
    private int commitsLeft = -1;

    /** Commits left until the volume fails; negative for never. */
    private int commitsUntilFailure = -1;

    int commits;

    MemoryItems(List<Item> first) {
        first.forEach(item -> items.put(item.key(), item.value()));
    }

    @Override
    public byte[] get(byte[] key) {
        lock.lock();
        try {
            return items.get(key);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Item> scanKnown(byte[] from, byte[] to, int limit) {
        return scan(from, to, limit);
    }

    @Override
    public long inodesBelow() {
        return 0;
    }

    @Override
    public List<Item> scan(byte[] from, byte[] to, int limit) {
        assertThat(limit).isPositive();
        lock.lock();
        try {
            List<Item> found = new ArrayList<>();
            for (var entry : items.subMap(from, to).entrySet()) {
                if (found.size() == limit) {
                    break;
                }
                found.add(new Item(entry.getKey(), entry.getValue()));
            }
            return found;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void commit(List<Item> changes, boolean freesSpace) throws HoldfastException {
        Set<ByteBuffer> keys = new HashSet<>();
        long bytes = 0;
        for (Item item : changes) {
            int valueLength = item.value() == null ? 0 : item.value().length;
            // Not an assertion for each: these are many.
            if (item.key().length == 0 || item.key().length > Item.KEY_MAX || valueLength > Item.VALUE_MAX) {
                throw new AssertionError("an item out of bounds");
            }
            if (!keys.add(ByteBuffer.wrap(item.key()))) {
                throw new AssertionError("a key changed twice in one commit");
            }
            bytes += item.key().length + valueLength;
        }
        assertThat(bytes).isBetween(1L, (long) COMMIT_BYTES_MAX);
        lock.lock();
        try {
            if (!freesSpace && commitsLeft == 0) {
                throw new HoldfastException(ErrorCode.NO_SPACE, "full");
            }
            if (commitsUntilFailure == 0) {
                throw new HoldfastException(ErrorCode.FAILED, "failed");
            }
            commitsUntilFailure -= commitsUntilFailure > 0 ? 1 : 0;
            commitsLeft -= commitsLeft > 0 ? 1 : 0;
            commits++;
            for (Item item : changes) {
                if (item.value() == null) {
                    items.remove(item.key());
                } else {
                    items.put(item.key(), item.value());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    void fullAfter(int more) {
        commitsLeft = more;
    }

    void failAfter(int more) {
        commitsUntilFailure = more;
    }

    List<Item> all() {
        return items.entrySet().stream()
                .map(e -> new Item(e.getKey(), e.getValue()))
                .toList();
    }

    int count(Predicate<byte[]> ofKey) {
        return (int) items.keySet().stream().filter(ofKey).count();
    }

    void put(byte[] key, byte[] value) {
        items.put(key, value);
    }

    void remove(byte[] key) {
        items.remove(key);
    }

    /** Returns what the check says. */
    static List<String> problems(Iterable<Item> items) {
        List<String> problems = new ArrayList<>();
        NamespaceCheck check =
                new NamespaceCheck((_, structure, _, message) -> problems.add(structure + ": " + message));
        items.forEach(check::item);
        check.finish();
        return problems;
    }
}
