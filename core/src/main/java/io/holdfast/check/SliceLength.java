package io.holdfast.check;

/**
 * How long the next slice of a check is. Slices become longer as long as writers leave them alone: the blocks of a long one
 * lie closer together on the device. A slice that was taken away is read again, half as long, and the next ones become longer
 * more slowly. Used by one thread.
 */
final class SliceLength {
    private final int max;
    private int blocks;
    /** What has worked lately. */
    private int ceiling;

    SliceLength(int first, int max) {
        this.max = max;
        this.blocks = first;
        this.ceiling = max;
    }

    int blocks() {
        return blocks;
    }

    /** Makes the next slice no longer than this. */
    void limit(long most) {
        blocks = (int) Math.min(blocks, most);
    }

    void wasRead() {
        if (blocks < ceiling) {
            blocks = Math.min(ceiling, blocks * 2);
        } else {
            ceiling = Math.min(max, ceiling * 2);
        }
    }

    void wasRevoked() {
        blocks = Math.max(1, blocks / 2);
        ceiling = blocks;
    }
}
