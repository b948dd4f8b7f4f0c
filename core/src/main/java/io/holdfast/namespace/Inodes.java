package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.FileKind;
import org.jspecify.annotations.Nullable;

/** Reads the records of inodes. */
final class Inodes {
    private final MetadataStore store;
    private final OpenInodes open;

    Inodes(MetadataStore store, OpenInodes open) {
        this.store = store;
        this.open = open;
    }

    /** Returns the newest record: the open file's, or the stored one. */
    InodeRecord read(long inode) throws HoldfastException {
        return required(inode, find(inode));
    }

    /** Returns the newest record, or null if there is no such inode. */
    @Nullable
    InodeRecord find(long inode) throws HoldfastException {
        InodeRecord current = open.current(inode);
        return current != null ? current : findStored(inode);
    }

    /** Returns the record of the inode that a name leads to. Throws {@code DAMAGED} if it is of another kind. */
    InodeRecord read(Entry entry) throws HoldfastException {
        InodeRecord record = read(entry.inode());
        if (record.kind() != entry.kind()) {
            throw Damage.inode(
                    entry.inode(), "it is a " + record.kind() + " and its directory entry says " + entry.kind());
        }
        return record;
    }

    InodeRecord directory(long inode) throws HoldfastException {
        return read(new Entry(inode, FileKind.DIRECTORY));
    }

    InodeRecord stored(long inode) throws HoldfastException {
        return required(inode, findStored(inode));
    }

    private @Nullable InodeRecord findStored(long inode) throws HoldfastException {
        byte[] value = store.get(NamespaceKeys.inode(inode));
        return value == null ? null : InodeRecord.decode(inode, value);
    }

    private static InodeRecord required(long inode, @Nullable InodeRecord record) throws HoldfastException {
        if (record == null) {
            throw Damage.inode(inode, "its record is missing");
        }
        return record;
    }
}
