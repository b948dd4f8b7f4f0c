package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A regular file or block device. A {@link VolumeLock} keeps others off it. */
record FileSource(Path path) implements DeviceSource {
    private static final System.Logger LOG = System.getLogger("holdfast");

    @Override
    public boolean create() throws HoldfastException {
        try {
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return true;
        } catch (FileAlreadyExistsException there) {
            return false;
        } catch (IOException e) {
            throw new HoldfastException(
                    e instanceof NoSuchFileException ? ErrorCode.NOT_FOUND : ErrorCode.DEVICE_ERROR,
                    "%s cannot be created: %s".formatted(path, Reasons.notCreated(path, e)),
                    e);
        }
    }

    @Override
    public void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} is left from a format that failed, and cannot be removed: {1}",
                    path,
                    Reasons.of(e));
        }
    }

    @Override
    public DeviceClaim claim(boolean writable) throws HoldfastException {
        // VolumeLock opens the file, and to open a pipe would wait for its other end.
        FileOpening.requireKind(path);
        return new Claim(path, VolumeLock.acquire(path, writable));
    }

    @Override
    public String storage() throws IOException {
        return VolumeLock.storageAt(path);
    }

    @Override
    public String toString() {
        return path.toString();
    }

    private record Claim(Path path, VolumeLock lock) implements DeviceClaim {
        @Override
        public String storage() {
            return lock.storage();
        }

        @Override
        public Device open(DeviceOptions options) throws HoldfastException {
            return IoEngines.open(path, options.writable(), options.direct(), options.io());
        }

        @Override
        public FormattableDevice openToFormat(boolean taking) throws HoldfastException {
            return taking ? IoEngines.open(path, true, false, IoEngines.AUTOMATIC) : FileDevice.open(path, true, false);
        }

        @Override
        public void close() throws HoldfastException {
            lock.close();
        }
    }
}
