package io.holdfast.engine;

import io.holdfast.device.Device;
import io.holdfast.device.ForwardingDevice;

/** A device that stays open when a volume on it is closed. */
final class KeptOpen extends ForwardingDevice {
    KeptOpen(Device device) {
        super(device);
    }

    @Override
    public void close() {
        // Whoever has the device closes it.
    }
}
