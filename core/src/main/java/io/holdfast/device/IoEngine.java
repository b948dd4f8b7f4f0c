package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A way to do file I/O. {@link #PLAIN} works everywhere; a module for one platform may offer another as a service
 * ({@link java.util.ServiceLoader}), which {@link IoEngines} then prefers.
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

    /** Returns the name a user chooses it by. */
    String name();

    /**
     * Opens an existing file or block device.
     *
     * @param direct past the page cache of the operating system
     * @throws EngineRefusedException if the system does not let this engine work at all, whatever the file
     * @throws java.nio.file.NoSuchFileException as {@link java.nio.file.Files} would
     * @throws java.nio.file.AccessDeniedException as {@link java.nio.file.Files} would
     * @throws IOException for everything else that keeps the file from being opened like this
     * @throws UnsupportedOperationException if there is no direct I/O here
     */
    BlockFile open(Path path, boolean writable, boolean direct) throws IOException;
}
