package io.holdfast.space;

import io.holdfast.format.Layout;

/**
 * The blocks of the log that was replayed, which no bitmap has before the next checkpoint. Not thread-safe; {@link
 * SpaceManager} guards it.
 */
final class LogClaims {
    private final Layout layout;
    private BlockList blocks;
    /** Whether nothing more will be claimed, so that the next checkpoint makes this superfluous. */
    private boolean whole;

    private boolean wholeAtFreeze;

    LogClaims(Layout layout) {
        this.layout = layout;
        this.blocks = new BlockList(layout);
    }

    /** Adds a block; returns whether it was not here. */
    boolean add(long block) {
        return blocks.addIfNew(block);
    }

    /** Notes that nothing more will be claimed. */
    void end() {
        whole = true;
    }

    /** Sets the bits of a group's blocks that are here. */
    void addTo(long group, long[] busy) {
        blocks.addTo(group, busy);
    }

    /** Forgets blocks of a group that come free. */
    void remove(long group, long[] bits) {
        blocks.remove(group, bits);
    }

    void freeze() {
        wholeAtFreeze = whole;
    }

    /** The checkpoint is durable: its bitmaps and the dead blocks have all that was claimed before its freeze. */
    void durable() {
        if (wholeAtFreeze && !blocks.isEmpty()) {
            blocks = new BlockList(layout);
        }
    }
}
