package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Open files as an engine would have them, in their simplest form. */
final class OpenFiles implements OpenInodes {
    final Map<Long, InodeRecord> records = new HashMap<>();

    @Override
    public InodeRecord current(long inode) {
        return records.get(inode);
    }

    @Override
    public boolean update(long inode, UnaryOperator<InodeRecord> change, Commit commit) throws HoldfastException {
        InodeRecord record = records.get(inode);
        if (record == null) {
            return false;
        }
        InodeRecord changed = change.apply(record);
        commit.commit(changed);
        records.put(inode, changed);
        return true;
    }
}
