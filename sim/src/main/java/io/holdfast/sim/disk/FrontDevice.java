package io.holdfast.sim.disk;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;

/** The first blocks of a device, for a volume that is smaller. */
public final class FrontDevice extends ForwardingDevice {
    private final long blocks;

    public FrontDevice(Device device, long blocks) {
        super(device);
        this.blocks = blocks;
    }

    @Override
    public long blocks() {
        return blocks;
    }
}
