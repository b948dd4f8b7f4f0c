package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.ServiceLoader;

/**
 * Tells how much space a file takes on its file system, which Java cannot tell. A module for one platform may offer it
 * as a service ({@link ServiceLoader}).
 */
public interface FileSpace {
    /**
     * Returns how many bytes of its file system a regular file takes: those that were written or allocated. A sparse
     * file takes fewer than it has. Empty if the system does not tell.
     *
     * @throws IOException if there is no such file, or it cannot be looked at
     */
    OptionalLong taken(Path file) throws IOException;

    /** Asks the first service of the class path; empty if there is none. */
    static OptionalLong of(Path file) throws IOException {
        for (FileSpace service : Services.FOUND) {
            OptionalLong taken = service.taken(file);
            if (taken.isPresent()) {
                return taken;
            }
        }
        return OptionalLong.empty();
    }

    /** The services of the class path. They are looked for once: later there may be no descriptor to read it with. */
    final class Services {
        private static final List<FileSpace> FOUND =
                ServiceLoader.load(FileSpace.class, FileSpace.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList();

        private Services() {}
    }
}
