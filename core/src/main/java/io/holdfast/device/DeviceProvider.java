package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.net.URI;
import java.util.Set;

/**
 * A kind of device that volumes can lie on. Files and block devices ({@code file:}) are always there. A module may
 * offer another kind as a service ({@link java.util.ServiceLoader}); {@link Devices} finds it by the scheme of a URI.
 * The engine opens devices in no other way, so another kind needs no change there.
 *
 * <p>An implementation has a public constructor without arguments, and is thread-safe.
 */
public interface DeviceProvider {
    /** Returns the schemes of the URIs that name such devices, in lower case and without a colon. */
    Set<String> schemes();

    /**
     * Returns what a URI names. It need not exist: this call opens and changes nothing.
     *
     * @param uri absolute, with one of {@link #schemes()}
     * @throws HoldfastException {@code INVALID} if the URI cannot name such a device; the message says why
     */
    DeviceSource at(URI uri) throws HoldfastException;
}
