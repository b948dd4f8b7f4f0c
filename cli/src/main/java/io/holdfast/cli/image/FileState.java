package io.holdfast.cli.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;

/**
 * Which file something is, and how it was at one moment. The time of the last change of the inode cannot be set back by who may write to
 * the file. Of a block device only which one it is counts: nothing tells when somebody wrote to it.
 *
 * @param owner the number of the user
 */
record FileState(long device, long inode, int mode, int owner, long size, FileTime written, FileTime changed) {
    private static final int KIND = 0170000;
    private static final int REGULAR = 0100000;
    private static final int BLOCK_DEVICE = 0060000;

    /** Looks at a file; with {@code options} perhaps at a link itself. */
    static FileState of(Path path, LinkOption... options) throws IOException {
        Map<String, Object> found =
                Files.readAttributes(path, "unix:dev,ino,mode,uid,size,lastModifiedTime,ctime", options);
        int mode = (int) value(found, "mode");
        int owner = (int) value(found, "uid");
        long device = (long) value(found, "dev");
        long inode = (long) value(found, "ino");
        if ((mode & KIND) == BLOCK_DEVICE) {
            FileTime never = FileTime.fromMillis(0);
            return new FileState(device, inode, BLOCK_DEVICE, 0, 0, never, never);
        }
        FileTime written = (FileTime) value(found, "lastModifiedTime");
        return new FileState(
                device, inode, mode, owner, (long) value(found, "size"), written, (FileTime) value(found, "ctime"));
    }

    private static Object value(Map<String, Object> found, String attribute) {
        return Objects.requireNonNull(found.get(attribute), attribute);
    }

    /** Returns whether this is a regular file. */
    boolean isRegular() {
        return (mode & KIND) == REGULAR;
    }
}
