package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * Finds what a path or a URI names. A path names a file or block device, and so does a URI without a scheme. The scheme
 * of a URI says which provider knows it.
 */
public final class Devices {
    private final List<DeviceProvider> providers;

    /** Takes the providers to choose from. If two have the same scheme, the first one gets it. */
    Devices(List<DeviceProvider> providers) {
        this.providers = List.copyOf(providers);
    }

    /** Returns the provider of files, then those of the class path. So no other provider gets the scheme of files. */
    private static Devices present() {
        List<DeviceProvider> providers = new ArrayList<>();
        providers.add(new FileProvider());
        ServiceLoader.load(DeviceProvider.class, DeviceProvider.class.getClassLoader())
                .forEach(providers::add);
        return new Devices(providers);
    }

    /**
     * Returns the file or block device at a path. Does not search the class path: short commands would wait for that.
     */
    public static DeviceSource at(Path path) {
        return new FileSource(path);
    }

    /**
     * Returns what a URI names.
     *
     * @param uri a path, if it has no scheme
     * @throws HoldfastException {@code INVALID} if no provider has the scheme, or the URI cannot name a device
     */
    public static DeviceSource at(URI uri) throws HoldfastException {
        return present().find(uri);
    }

    DeviceSource find(URI uri) throws HoldfastException {
        String given = uri.getScheme();
        String scheme = given == null ? FileProvider.SCHEME : given.toLowerCase(Locale.ROOT);
        for (DeviceProvider provider : providers) {
            if (provider.schemes().contains(scheme)) {
                return provider.at(uri);
            }
        }
        throw new HoldfastException(
                ErrorCode.INVALID,
                "%s: no device has the scheme '%s:'; use one of: %s".formatted(uri, scheme, known()));
    }

    private String known() {
        return providers.stream()
                .flatMap(provider -> provider.schemes().stream().sorted())
                .map(scheme -> scheme + ":")
                .distinct()
                .collect(Collectors.joining(", "));
    }
}
