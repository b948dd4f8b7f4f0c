package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A way to do file I/O. {@link #PLAIN} works everywhere. A module for one platform may offer another as a service
 * ({@link java.util.ServiceLoader}); then {@link IoEngines} prefers that one.
 */
public interface IoEngine {
    /** Java's own file I/O. */
    IoEngine PLAIN = new IoEngine() {
        @Override
        public String name() {
            return "plain";
        }

        @Override
        public BlockFile open(Path path, boolean writable, boolean direct) throws IOException {
            return UninterruptibleFile.open(path, UninterruptibleFile.Mode.of(writable, direct));
        }
    };

    /** Returns the name by which a user chooses the engine. */
    String name();

    /**
     * Opens an existing file or block device.
     *
     * @param direct bypass the page cache of the operating system
     * @throws EngineRefusedException if the system does not let this engine work at all, whatever the file
     * @throws java.nio.file.NoSuchFileException as {@link java.nio.file.Files} would
     * @throws java.nio.file.AccessDeniedException as {@link java.nio.file.Files} would
     * @throws IOException if the file cannot be opened like this for another reason
     * @throws UnsupportedOperationException if there is no direct I/O here
     */
    BlockFile open(Path path, boolean writable, boolean direct) throws IOException;
}
