package io.holdfast.device;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The file system that a device's file lies on, as it is now.
 *
 * @param total its size in bytes
 * @param used bytes that are taken, by whatever file
 * @param free bytes that ordinary users may still take. The system may keep more for its administrator, so this may be
 *     less than {@code total - used}
 * @param missing bytes that the device has and that its file has not yet taken: a sparse file takes them when they are
 *     written. -1 if the system does not tell
 */
public record HostFileSystem(long total, long used, long free, long missing) {
    /**
     * Looks at the file system below a file or block device.
     *
     * @param device a regular file; or a block device, of which the first regular file below it counts, if there is one
     * @param bytes how much of the device counts, from its start
     * @return empty for a device that lies on no file that this process can see
     */
    static Optional<HostFileSystem> below(Path device, long bytes) throws IOException {
        Optional<Path> file = file(device);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        FileStore store = Files.getFileStore(file.get());
        OptionalLong taken = FileSpace.of(file.get());
        return Optional.of(new HostFileSystem(
                store.getTotalSpace(),
                store.getTotalSpace() - store.getUnallocatedSpace(),
                store.getUsableSpace(),
                taken.isEmpty() ? -1 : Math.max(0, bytes - taken.getAsLong())));
    }

    private static Optional<Path> file(Path device) throws IOException {
        Optional<BlockDeviceNumber> number = BlockDeviceNumber.of(device);
        if (number.isEmpty()) {
            return Optional.of(device);
        }
        return new UnderlyingStorage()
                .of(number.get()).stream()
                        .map(UnderlyingStorage.Part::path)
                        .filter(Files::isRegularFile)
                        .findFirst();
    }
}
