package io.holdfast.format;

/**
 * The root of the metadata tree. The node lies in two blocks, with the same content: without it nothing of the volume would be found.
 *
 * @param node the first of the two; none if the tree is empty
 * @param copy the other block; 0 if there is none
 */
public record TreeRoot(BlockPointer node, long copy) {
    /** An empty tree. */
    public static final TreeRoot NONE = new TreeRoot(BlockPointer.NONE, 0);

    public boolean isNone() {
        return node.isNone();
    }

    public boolean hasCopy() {
        return copy != 0;
    }

    /** Returns the pointer to the copy, whose content has the same checksum. */
    public BlockPointer second() {
        return new BlockPointer(copy, node.checksum());
    }
}
