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

/** Finds what a path or a URI names: a plain path means {@code file:}, and the scheme of a URI says whose it is. */
public final class Devices {
    private final List<DeviceProvider> providers;

    /** Takes the providers to choose from; the first one with a scheme has it. */
    Devices(List<DeviceProvider> providers) {
        this.providers = List.copyOf(providers);
    }

    /** Returns the provider of files, then those of the class path: nobody else gets what is a file's. */
    private static Devices present() {
        List<DeviceProvider> providers = new ArrayList<>();
        providers.add(new FileProvider());
        ServiceLoader.load(DeviceProvider.class, DeviceProvider.class.getClassLoader())
                .forEach(providers::add);
        return new Devices(providers);
    }

    /** Returns the file or block device at a path. Without a search through the class path: commands are over in a moment. */
    public static DeviceSource at(Path path) {
        return new FileSource(path);
    }

    /**
     * Returns what a URI names.
     *
     * @param uri without a scheme it is a path
     * @throws HoldfastException {@code INVALID} if there are no devices with such a scheme, or it cannot name one
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
                ErrorCode.INVALID, "%s: there are no devices '%s:'; there are: %s".formatted(uri, scheme, known()));
    }

    private String known() {
        return providers.stream()
                .flatMap(provider -> provider.schemes().stream().sorted())
                .map(scheme -> scheme + ":")
                .distinct()
                .collect(Collectors.joining(", "));
    }
}
