package io.holdfast.check;

import io.holdfast.mapping.MapItems;
import io.holdfast.namespace.ItemFault;

/** What a finding means to a repair. */
public sealed interface Fault {
    /** A finding that no repair can mend without a second copy. */
    Fault OTHER = new Other();

    /** Stands for {@link #OTHER}. */
    record Other() implements Fault {}

    /** A slot of a copy of the superblock is not good. */
    record Copy() implements Fault {}

    /** The superblock counts too many or too few blocks. */
    record Counts() implements Fault {}

    /** The superblock does not say below which number all inodes are. */
    record Mark() implements Fault {}

    /** A bitmap or a block of the group table cannot be read. */
    record SpaceUnreadable() implements Fault {}

    /** One of the two copies of a block of the group table cannot be read. */
    record OneOfTwo() implements Fault {}

    /** One of the two copies of a block of the log is damaged. */
    record LogCopy() implements Fault {}

    /** The device does not bring what is next in the log: whether it goes on there nobody knows. */
    record LogEnd() implements Fault {}

    /** No copy of the place where a newer superblock would be can be read. */
    record HiddenSuperblock() implements Fault {}

    /** One of the two copies of the metadata tree's root cannot be read. */
    record RootCopy() implements Fault {}

    /** Blocks are in use and marked free. */
    record Unmarked() implements Fault {}

    /** Blocks are marked in use and nothing points there. */
    record Leaked() implements Fault {}

    /** A map item counts wrongly. */
    record MapCounts(long inode) implements Fault {}

    /** The items do not fit together. */
    record Items(ItemFault fault) implements Fault {}

    /** A node of a map was lost before. */
    record Lost(MapItems.LostNode node) implements Fault {}

    /** A node of a map was lost before, and nothing of its file is lost any more. */
    record Settled(MapItems.LostNode node) implements Fault {}

    /** Blocks of a file were below nodes that were lost. */
    record LostBlocks(long inode) implements Fault {}

    /** Blocks behind the end of a file are lost. */
    record LostBehindEnd(long inode) implements Fault {}

    /** An item of a lost node names a block that cannot be one. */
    record LostNowhere(MapItems.LostNode node) implements Fault {}
}
