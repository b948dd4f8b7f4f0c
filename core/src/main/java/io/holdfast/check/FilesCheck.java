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
    private final CheckState check;

    FilesCheck(CheckState check) {
        this.check = check;
    }

    void run() {
        for (long inode : check.work.files()) {
            check.findings.addAll(check.work.unpaused(() -> items(inode)));
        }
    }

    private Findings items(long inode) {
        Findings findings = new Findings();
        NamespaceCheck namespace = new NamespaceCheck((fault, structure, number, message) ->
                findings.add(structure, -1, number, message, new Fault.Items(fault)));
        boolean hasMap = false;
        try (CheckSource.State state = check.source.take()) {
            BTreeCursor cursor =
                    BTree.cursor(check.volume.nodes(), state.superblock().treeRoot(), NamespaceKeys.inode(inode));
            Item item = cursor.next();
            while (item != null && NamespaceKeys.belongsTo(item.key(), inode)) {
                namespace.item(item);
                hasMap |= MapItems.isMapKey(item.key());
                item = cursor.next();
            }
            namespace.endItems();
        } catch (HoldfastException e) {
            findings.add("tree node", -1, inode, String.valueOf(e.getMessage()));
            check.incomplete = true;
        }
        if (hasMap) {
            check.inodes.add(inode);
        }
        return findings;
    }
}
