package io.holdfast.engine;

import io.holdfast.device.DeviceClaim;
import io.holdfast.error.HoldfastException;
import java.util.Optional;

/** Keeps others off a volume's device. The volume releases it last. */
interface DeviceGuard {
    /** For a device that nobody else knows. */
    DeviceGuard NONE = () -> {};

    /** Returns a guard that holds a claim of the device until it is released. */
    static DeviceGuard of(DeviceClaim claim) {
        return new DeviceGuard() {
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

    /** As {@link io.holdfast.volume.Volume#storage}. */
    default Optional<String> storage() {
        return Optional.empty();
    }
}
