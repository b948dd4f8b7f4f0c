package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Set;

/**
 * Regular files and block devices: {@code file:/dev/sdb}, {@code file:///srv/volume}, or {@code file:volume} for a
 * relative path.
 */
final class FileProvider implements DeviceProvider {
    static final String SCHEME = "file";

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    @Override
    public DeviceSource at(URI uri) throws HoldfastException {
        try {
            if (uri.getScheme() != null && !uri.isOpaque()) {
                return new FileSource(Path.of(uri));
            }
            String path = uri.isOpaque() ? uri.getSchemeSpecificPart() : uri.getPath();
            boolean more = uri.getFragment() != null || (!uri.isOpaque() && uri.getQuery() != null);
            if (path == null || path.isEmpty() || more || uri.getAuthority() != null) {
                throw new IllegalArgumentException("it must have a path, and no host, query or fragment");
            }
            return new FileSource(Path.of(path));
        } catch (IllegalArgumentException e) {
            throw new HoldfastException(
                    ErrorCode.INVALID, "%s does not name a file or block device: %s".formatted(uri, e.getMessage()), e);
        }
    }
}
