package io.holdfast.check;

import io.holdfast.btree.BTree;
import io.holdfast.btree.BTreeCursor;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.mapping.MapItems;
import io.holdfast.namespace.NamespaceCheck;
import io.holdfast.namespace.NamespaceKeys;

/**
 * Checks the items of some files, each by itself: nothing is compared with what others say of them. Finds those that have maps.
 * Used by one thread, once.
 */
final class FilesCheck {
    private static final int ATTEMPTS_MAX = 16;

    private final CheckState check;

    FilesCheck(CheckState check) {
        this.check = check;
    }

    void run() {
        for (long inode : check.work.files()) {
            boolean done = false;
            for (int attempt = 0; attempt < ATTEMPTS_MAX && !done; attempt++) {
                done = check.work.unpaused(() -> read(inode));
            }
            if (!done) {
                check.unproven("inode " + inode);
            }
        }
    }

    /** Looks at the items of a file; returns false if they may have been overwritten meanwhile. */
    private boolean read(long inode) {
        Items items = new Items(inode);
        try (CheckSource.State state = check.source.take()) {
            items.read(state);
            if (!state.isGood()) {
                return false;
            }
        }
        items.take();
        return true;
    }

    /** The items of a file, and what is wrong with them. */
    private final class Items {
        private final long inode;
        private final Findings findings = new Findings();
        private final NamespaceCheck namespace = new NamespaceCheck((fault, structure, number, message) ->
                findings.add(structure, -1, number, message, new Fault.Items(fault)));
        private boolean any;
        private boolean hasMap;
        private boolean whole;

        Items(long inode) {
            this.inode = inode;
        }

        void read(CheckSource.State state) {
            try {
                BTreeCursor cursor =
                        BTree.cursor(check.volume.nodes(), state.superblock().treeRoot(), NamespaceKeys.inode(inode));
                Item item = cursor.next();
                while (item != null && NamespaceKeys.belongsTo(item.key(), inode)) {
                    namespace.item(item);
                    any = true;
                    hasMap |= MapItems.isMapKey(item.key());
                    item = cursor.next();
                }
                namespace.endItems();
                whole = true;
            } catch (HoldfastException e) {
                findings.add("tree node", -1, inode, String.valueOf(e.getMessage()));
            }
        }

        void take() {
            check.findings.addAll(findings);
            check.incomplete |= !whole;
            if (hasMap) {
                check.inodes.add(inode);
            }
            if (whole && !any) {
                check.unproven.add(
                        "inode %d: the checkpoint that was read does not have it yet; check again once the volume was opened for writing, or all of it"
                                .formatted(inode));
            }
        }
    }
}
