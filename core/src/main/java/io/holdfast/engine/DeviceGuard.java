package io.holdfast.engine;

import io.holdfast.device.VolumeLock;
import io.holdfast.error.HoldfastException;
import java.util.Optional;

/** Something that keeps others off a volume's device, given up last. */
interface DeviceGuard {
    /** For a device that nobody else knows. */
    DeviceGuard NONE = () -> {};

    /** Keeps other processes off. */
    static DeviceGuard of(VolumeLock lock) {
        return new DeviceGuard() {
            @Override
            public void release() throws HoldfastException {
                lock.close();
            }

            @Override
            public Optional<String> storage() {
                return Optional.of(lock.storage());
            }
        };
    }

    void release() throws HoldfastException;

    /** As {@link io.holdfast.volume.Volume#storage}. */
    default Optional<String> storage() {
        return Optional.empty();
    }
}
