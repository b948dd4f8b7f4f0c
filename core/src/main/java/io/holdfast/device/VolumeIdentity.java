package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * Says whether two paths lead to the same volume: by the number of a block device, or by the inode of a file. So
 * symbolic links, hard links and device nodes of other names all lead to the same identity.
 *
 * @param path the path with symbolic links resolved
 * @param key equal for the same volume within this process
 */
record VolumeIdentity(Path path, Object key, Optional<BlockDeviceNumber> device) {
    static VolumeIdentity of(Path path) throws IOException {
        Path real = path.toRealPath();
        Optional<BlockDeviceNumber> device = BlockDeviceNumber.of(real);
        if (device.isPresent()) {
            return new VolumeIdentity(real, device.get(), device);
        }
        Object inode = Files.readAttributes(real, BasicFileAttributes.class).fileKey();
        return new VolumeIdentity(real, inode == null ? real : inode, device);
    }
}
