package io.holdfast.repair;

import io.holdfast.btree.BTree;
import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import io.holdfast.error.HoldfastException;
import io.holdfast.namespace.InodeRecord;
import io.holdfast.namespace.NamespaceKeys;
import java.util.Map;
import java.util.TreeMap;

/** Lost blocks behind the ends of files. Where such a block lies, there never was data, so it becomes a hole. */
final class LostEnds implements Part {
    /** How many blocks the files have whose maps are to change, by inode. */
    private final Map<Long, Long> ends = new TreeMap<>();

    LostEnds(RepairSource volume, CheckedVolume checked) throws HoldfastException {
        for (Finding finding : checked.findings()) {
            if (finding.fault() instanceof Fault.LostBehindEnd lost) {
                byte[] record =
                        BTree.get(volume.nodes(), volume.superblock().treeRoot(), NamespaceKeys.inode(lost.inode()));
                if (record != null) {
                    ends.put(
                            lost.inode(),
                            InodeRecord.decode(lost.inode(), record).blocks());
                }
            }
        }
    }

    /** Returns the first block behind the end of each file whose lost blocks there become holes. */
    Map<Long, Long> ends() {
        return ends;
    }

    @Override
    public void describe(Lines lines) {
        ends.keySet()
                .forEach(inode -> lines.add(
                        "map node",
                        Lines.NONE,
                        inode,
                        "the lost blocks behind the end of inode %s become holes"
                                .formatted(Long.toUnsignedString(inode)),
                        ""));
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.LostBehindEnd lost && ends.containsKey(lost.inode());
    }
}
