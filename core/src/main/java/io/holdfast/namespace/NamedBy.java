package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.volume.FileKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds the directory entries that lead to some inodes. */
final class NamedBy {
    /** More entries are not looked at: those of the inodes that come last stay as they are. */
    private static final int FOUND_MAX = 1 << 16;

    private final Map<Long, List<Name>> names = new HashMap<>();

    /** An entry: its directory, its key, and the kind that it says. */
    record Name(long directory, byte[] key, FileKind kind) {}

    static NamedBy find(EditedItems items, Set<Long> inodes) throws HoldfastException {
        NamedBy found = new NamedBy();
        if (!inodes.isEmpty()) {
            int[] count = new int[1];
            items.forEach(item -> found.take(item, inodes, count));
        }
        return found;
    }

    private void take(Item item, Set<Long> inodes, int[] count) {
        byte[] key = item.key();
        byte[] value = item.value();
        if (key.length <= NamespaceKeys.PREFIX_SIZE
                || value == null
                || NamespaceKeys.typeOf(key) != NamespaceKeys.ENTRY
                || count[0] == FOUND_MAX) {
            return;
        }
        long directory = NamespaceKeys.inodeOf(key);
        Entry entry;
        try {
            entry = Directories.decode(directory, value);
        } catch (HoldfastException malformed) {
            return; // The check of the names reports it.
        }
        if (inodes.contains(entry.inode())) {
            count[0]++;
            names.computeIfAbsent(entry.inode(), _ -> new ArrayList<>()).add(new Name(directory, key, entry.kind()));
        }
    }

    List<Name> of(long inode) {
        return names.getOrDefault(inode, List.of());
    }
}
