package io.holdfast.cli.copy;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** A block device that the system uses may not be overwritten. */
final class DeviceBusyException extends FileSystemException {
    DeviceBusyException(Path device) {
        super(device.toString(), null, "is in use: mounted, swap, or part of another device; end that use first");
    }
}
