package io.holdfast.cli.command;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Volume;
import java.util.Optional;

/** What a path of a volume leads to. */
final class VolumePaths {
    private VolumePaths() {}

    /** Returns the attributes of what is there; empty if nothing is. */
    static Optional<FileStatus> status(Volume volume, String path) throws HoldfastException {
        try {
            return Optional.of(volume.status(path));
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    static boolean isDirectory(Volume volume, String path) throws HoldfastException {
        return status(volume, path)
                .filter(there -> there.kind() == FileKind.DIRECTORY)
                .isPresent();
    }
}
