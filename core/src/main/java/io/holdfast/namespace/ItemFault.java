package io.holdfast.namespace;

/** What is wrong with the items of an inode, as far as a repair may mend it. */
public sealed interface ItemFault {
    /** A fault that no repair mends. */
    ItemFault OTHER = new Other();

    /** Stands for {@link #OTHER}. */
    record Other() implements ItemFault {}

    /** There are items of an inode, or names for it, and no record. */
    record NoRecord(long inode) implements ItemFault {}

    /** An inode is no orphan, and no name leads to it. */
    record NoName(long inode) implements ItemFault {}

    /** A record has another number of links than there are. */
    record WrongLinks(long inode, long right) implements ItemFault {}

    /** An inode has a name or a record and is marked as an orphan. */
    record UnwantedOrphan(long inode) implements ItemFault {}

    /** Entries say another kind than the record. */
    record WrongKind(long inode) implements ItemFault {}

    /** A directory's record names another parent than the one that has the directory's only name. */
    record WrongParent(long inode, long parent) implements ItemFault {}

    /** The high-water mark of inode numbers is missing, malformed or too low. */
    record HighWater() implements ItemFault {}
}
