package io.holdfast.engine;

import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.format.Block;
import io.holdfast.namespace.Inode;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;

/** Puts the attributes of a file together from its record, its block map and its pages. */
final class FileStatuses {
    private final VolumeState state;
    private final FileLayer files;

    FileStatuses(VolumeState state, FileLayer files) {
        this.state = state;
        this.files = files;
    }

    FileStatus of(Inode inode) throws HoldfastException {
        long blocks = inode.record().kind() == FileKind.REGULAR ? dataBlocks(inode.number()) : 0;
        return inode.record().status(inode.number(), blocks * Block.SIZE);
    }

    private long dataBlocks(long inode) throws HoldfastException {
        long blocks = state.maps().acquire(inode).dataBlocksAtMost();
        state.maps().release(inode);
        return blocks + files.dirtyBlocks(inode);
    }
}
