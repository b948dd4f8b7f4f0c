package io.holdfast.mapping;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.MapEntry;
import io.holdfast.mapping.MapItems.LostNode;
import org.jspecify.annotations.Nullable;

/**
 * Makes one of two roots of a map: the one that was begun since nobody knew of another, and that other one, which has been found
 * again. The older one becomes a lost node in the newer one's place, so that {@link LostMerge} puts it back. If the older one, too, was
 * begun since nobody knew of another, that one is still hidden: the root goes on to say so.
 *
 * @param root what the map has from now on
 * @param lost the older map, for an item; null if the newer one leaves nothing of it
 */
public record UnknownRoot(MapRoot root, @Nullable LostNode lost) {
    /**
     * Makes both roots one.
     *
     * @param now the newer root
     * @param older the one that was found
     * @param cutOff takes what the newer one leaves nothing of
     */
    public static UnknownRoot found(
            MapChanges changes, MapChanges.CutOff cutOff, long inode, MapRoot now, MapRoot older)
            throws HoldfastException {
        MapRoot both = new MapRoot(
                now.word(),
                now.checksum(),
                now.dataBlocks() + older.dataBlocks(),
                now.unwrittenBlocks() + older.unwrittenBlocks(),
                now.levels(),
                older.since());
        int state = MapEntry.state(now.word());
        if (state == MapEntry.NODE || state == MapEntry.LOST) {
            return new UnknownRoot(both, new LostNode(inode, top(changes, older), MapEntry.LEVELS_MAX, 0, now.since()));
        }
        MapRelease release = new MapRelease(changes, cutOff);
        release.entry(older.word(), older.checksum(), older.levels());
        boolean dropped = now.withSince(0).equals(MapRoot.EMPTY);
        return new UnknownRoot(
                dropped
                        ? MapRoot.EMPTY.withSince(older.since())
                        : both.without(release.dataBlocks(), release.unwrittenBlocks()),
                null);
    }

    /** Returns a node of the highest level with all that a map has; the newer map has as many levels. */
    private static BlockPointer top(MapChanges changes, MapRoot root) throws HoldfastException {
        long word = root.word();
        long checksum = root.checksum();
        BlockPointer top = new BlockPointer(MapEntry.block(word), checksum);
        boolean isNode = MapEntry.state(word) == MapEntry.NODE;
        for (int level = root.levels(); level < MapEntry.LEVELS_MAX || !isNode; level++) {
            byte[] node = new byte[Block.SIZE];
            int slots = level < MapEntry.LEVELS_MAX ? 1 : MapEntry.FANOUT;
            for (int slot = 0; slot < slots; slot++) {
                MapEntry.put(node, slot, word, checksum);
            }
            top = changes.write(node);
            word = MapEntry.word(MapEntry.NODE, top.block());
            checksum = top.checksum();
            isNode = true;
        }
        return top;
    }
}
