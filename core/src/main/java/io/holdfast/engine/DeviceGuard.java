package io.holdfast.engine;

import io.holdfast.device.Device;
import io.holdfast.device.DeviceClaim;
import io.holdfast.device.DeviceOptions;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.Optional;

/** Keeps others off a volume's device. The volume releases it last. */
interface DeviceGuard {
    /** For a device that nobody else knows. */
    DeviceGuard NONE = () -> {};

    /**
     * Returns a guard that holds a claim of the device until it is released.
     *
     * @param options how {@link #open} opens the device
     */
    static DeviceGuard of(DeviceClaim claim, DeviceOptions options) {
        return new DeviceGuard() {
            @Override
            public Device open() throws HoldfastException {
                return claim.open(options);
            }

            @Override
            public void release() throws HoldfastException {
                claim.close();
            }

            @Override
            public Optional<String> storage() {
                return Optional.of(claim.storage());
            }
        };
    }

    void release() throws HoldfastException;

    /** Opens the device, once more each time. */
    default Device open() throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "this device cannot be opened again");
    }

    /** As {@link io.holdfast.volume.Volume#storage}. */
    default Optional<String> storage() {
        return Optional.empty();
    }
}
