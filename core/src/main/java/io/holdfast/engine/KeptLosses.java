package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.namespace.LossItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in the volume of which files flushes are refused ({@link AcknowledgedChanges#lost}), as items of the metadata tree.
 * So a server that is started again goes on to refuse them: its clients may be those of before.
 *
 * <p>Every change is durable when the call returns, and only then {@link AcknowledgedChanges} has it.
 *
 * <p>Flushes of all files are refused as long as an item makes no sense. Accepting all needs no item: item 0 says then that no
 * other one counts. Where the leaf with the items cannot be read, nobody knows whether there are any. Nearly always there are none, and a
 * damaged leaf must not keep all files from being flushed; so that is said in the log, and flushes go on.
 */
final class KeptLosses {
    /** Items of one commit or scan. */
    private static final int PART = 512;

    private final String volume;
    private final MetadataStore items;
    private final Flush log;
    private final AcknowledgedChanges changes;

    /** Makes durable what was committed. */
    interface Flush {
        void flush() throws HoldfastException;
    }

    /** Returns the paths of files by their numbers, as far as they are found. */
    interface Naming {
        Map<Long, String> paths(Set<Long> inodes);
    }

    /** @param volume what messages call the volume */
    KeptLosses(String volume, MetadataStore items, Flush log, AcknowledgedChanges changes) {
        this.volume = volume;
        this.items = items;
        this.log = log;
        this.changes = changes;
    }

    /** Refuses flushes of these files from now on; or those of all files that are not accepted. */
    void lose(Map<Long, String> lost, boolean others) throws HoldfastException {
        if (lost.isEmpty() && !others) {
            return;
        }
        List<Item> kept = new ArrayList<>();
        // An older item 0 may say that no other one counts. These do.
        kept.add(
                others || changes.othersAreLost()
                        ? new LossItem(LossItem.OTHERS, false).item()
                        : Item.remove(LossItem.key(LossItem.OTHERS)));
        for (long inode : lost.keySet()) {
            kept.add(new LossItem(inode, false).item());
        }
        commit(kept);
        changes.lose(lost, others);
    }

    /**
     * Lets flushes of a file succeed again.
     *
     * @param path what messages call the file
     * @throws HoldfastException {@code INVALID} if they are not refused
     */
    void accept(long inode, String path) throws HoldfastException {
        if (!changes.isLost(inode)) {
            throw new HoldfastException(ErrorCode.INVALID, path + ": no writes of this file were lost");
        }
        commit(List.of(changes.othersAreLost() ? new LossItem(inode, true).item() : Item.remove(LossItem.key(inode))));
        changes.accept(inode);
    }

    /** Lets flushes of all files succeed again, also if it cannot be read of which they are refused. */
    void acceptAll() throws HoldfastException {
        List<byte[]> all;
        try {
            all = keysOf(read());
        } catch (HoldfastException e) {
            warn("what is kept of lost writes cannot be read; it counts no more, since all was accepted", e);
            commit(List.of(new LossItem(LossItem.OTHERS, true).item()));
            changes.acceptAll();
            return;
        }
        commit(all.stream().map(Item::remove).toList());
        changes.acceptAll();
    }

    /**
     * Goes on to refuse flushes of files of which nobody has accepted yet that writes were lost. Never fails: what cannot be read is
     * said in the log.
     *
     * @param gone whether there is no such file any more
     */
    void load(LongPredicate gone, Naming naming) {
        List<Item> found;
        try {
            if (acceptsAll()) {
                removeVoid();
                return;
            }
            found = read();
        } catch (HoldfastException e) {
            warn(
                    "it cannot be read whether acknowledged writes of some file were lost when the volume failed before, and flushes go on for all files; if it was resumed and the loss not accepted, restart the clients",
                    e);
            return;
        }
        load(found, gone, naming);
    }

    private void load(List<Item> found, LongPredicate gone, Naming naming) {
        boolean others = false;
        List<byte[]> useless = new ArrayList<>();
        Set<Long> accepted = new TreeSet<>();
        Set<Long> lost = new TreeSet<>();
        for (Item item : found) {
            LossItem loss = LossItem.of(item);
            if (loss == null) {
                warn(
                        "an item of lost writes is malformed, so flushes of all files are refused; restart the clients, then accept the loss ('holdfast resume --accept /')",
                        null);
                others = true;
            } else if (loss.inode() == LossItem.OTHERS) {
                others = true;
            } else if (gone.test(loss.inode())) {
                useless.add(item.key());
            } else {
                (loss.accepted() ? accepted : lost).add(loss.inode());
            }
        }
        removeIfPossible(useless);
        Map<Long, String> named = new TreeMap<>();
        if (!lost.isEmpty()) {
            Map<Long, String> paths = naming.paths(lost);
            lost.forEach(inode -> named.put(inode, paths.getOrDefault(inode, "inode " + inode)));
        }
        changes.lose(named, others);
        accepted.forEach(changes::accept);
    }

    /** Returns whether item 0 says that no item counts. */
    private boolean acceptsAll() throws HoldfastException {
        byte[] key = LossItem.key(LossItem.OTHERS);
        byte[] value = items.get(key);
        LossItem loss = value == null ? null : LossItem.of(new Item(key, value));
        return loss != null && loss.accepted();
    }

    /** Removes the items that do not count, once they can be read again. */
    private void removeVoid() {
        try {
            removeIfPossible(keysOf(read()));
        } catch (HoldfastException stillUnreadable) {
            // They do not count, and the check of the volume reports what cannot be read.
            return;
        }
    }

    /** Opening a volume does not fail because there is no room to tidy up. */
    private void removeIfPossible(List<byte[]> keys) {
        try {
            // Item 0 goes last: until then it says that those before it do not count.
            commit(keys.reversed().stream().map(Item::remove).toList());
        } catch (HoldfastException e) {
            warn("what is kept of lost writes of files that are gone, or were accepted, stays", e);
        }
    }

    private static List<byte[]> keysOf(List<Item> found) {
        return found.stream().map(Item::key).toList();
    }

    /** Returns all that is kept, malformed items too. */
    private List<Item> read() throws HoldfastException {
        List<Item> found = new ArrayList<>();
        byte[] from = LossItem.first();
        while (true) {
            List<Item> part = items.scan(from, LossItem.end(), PART);
            found.addAll(part);
            if (part.size() < PART) {
                return found;
            }
            byte[] last = part.getLast().key();
            from = Arrays.copyOf(last, last.length + 1);
        }
    }

    private void commit(List<Item> kept) throws HoldfastException {
        for (int from = 0; from < kept.size(); from += PART) {
            // They refuse what would be a lie, so they go on when the volume or its host is full.
            items.commit(kept.subList(from, Math.min(from + PART, kept.size())), true);
        }
        if (!kept.isEmpty()) {
            log.flush();
        }
    }

    private void warn(String what, @Nullable HoldfastException why) {
        System.getLogger("holdfast")
                .log(
                        System.Logger.Level.WARNING,
                        "{0}: {1}{2}",
                        volume,
                        what,
                        why == null ? "" : ": " + why.getMessage());
    }
}
