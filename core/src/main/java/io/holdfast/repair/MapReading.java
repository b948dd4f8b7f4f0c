package io.holdfast.repair;

import io.holdfast.btree.BTree;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.mapping.MapItems;
import io.holdfast.mapping.MapRoot;
import io.holdfast.mapping.MapWalk;
import io.holdfast.mapping.Mapping;
import io.holdfast.namespace.ItemRepairs;
import java.util.Optional;

/** Reads the maps of files whose records are missing, to find out what the records said. */
final class MapReading implements ItemRepairs.Maps {
    private final RepairSource volume;

    MapReading(RepairSource volume) {
        this.volume = volume;
    }

    @Override
    public Optional<ItemRepairs.MapFacts> find(long inode) throws HoldfastException {
        boolean changed = volume.changed().test(inode);
        byte[] item = BTree.get(volume.nodes(), volume.superblock().treeRoot(), MapItems.mapKey(inode));
        if (item == null || changed) {
            return Optional.empty();
        }
        Walk walk = new Walk();
        try {
            new MapWalk(volume.nodes()::readUncached, walk).walk(MapRoot.decode(item, inode), 0);
        } catch (HoldfastException e) {
            return Optional.empty(); // The check reports it.
        }
        return walk.whole
                ? Optional.of(new ItemRepairs.MapFacts(walk.blocks, !walk.withoutChecksum))
                : Optional.empty();
    }

    private static final class Walk implements MapWalk.Visitor {
        private boolean whole = true;
        private boolean withoutChecksum;
        private long blocks;

        @Override
        public boolean node(BlockPointer pointer, boolean again) {
            return true;
        }

        @Override
        public void data(long fileBlock, Mapping mapping) {
            blocks = Math.max(blocks, fileBlock + 1);
            withoutChecksum |= !mapping.isChecksummed();
        }

        @Override
        public void unwritten(long fileBlock, long count) {
            blocks = Math.max(blocks, fileBlock + count);
        }

        @Override
        public void lost(long fileBlock, long count) {
            whole = false;
        }

        @Override
        public void problem(long block, HoldfastException why) {
            whole = false;
        }

        @Override
        public boolean isFull() {
            return false;
        }
    }
}
