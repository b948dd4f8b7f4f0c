package io.holdfast.checkpoint;

import io.holdfast.checksum.Checksum;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.failure.FailureLatch;
import io.holdfast.failure.HostRoom;
import io.holdfast.format.Layout;
import io.holdfast.mapping.MapRegistry;
import io.holdfast.metadata.ItemStore;
import io.holdfast.node.NodeCache;
import io.holdfast.space.ReaderEpochs;
import io.holdfast.space.SpaceManager;
import io.holdfast.store.BlockStore;

/** The parts of one open volume that checkpoints and recovery work on. */
public record VolumeState(
        BlockStore store,
        Checksum checksum,
        FailureLatch latch,
        HostRoom room,
        BufferPool nodeBuffers,
        NodeCache nodes,
        SpaceManager space,
        ReaderEpochs readers,
        ItemStore items,
        MapRegistry maps) {
    /** Returns where the fixed structures are now. Another layout holds once the volume has grown. */
    public Layout layout() {
        return space.layout();
    }

    /** Returns the same volume with other ways to read it. */
    public VolumeState readBy(BlockStore otherStore, NodeCache otherNodes) {
        return new VolumeState(otherStore, checksum, latch, room, nodeBuffers, otherNodes, space, readers, items, maps);
    }

    /** Returns the device, which writes go to. */
    public Device device() {
        return store.device();
    }
}
