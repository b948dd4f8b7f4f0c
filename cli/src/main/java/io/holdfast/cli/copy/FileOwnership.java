package io.holdfast.cli.copy;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Mode, owner and group of a file, for the file that replaces it. Empty on systems without them. */
record FileOwnership(Optional<PosixFileAttributes> attributes) {
    private static final Set<PosixFilePermission> GROUP = EnumSet.of(
            PosixFilePermission.GROUP_READ, PosixFilePermission.GROUP_WRITE, PosixFilePermission.GROUP_EXECUTE);

    static FileOwnership of(Path file) throws IOException {
        PosixFileAttributeView view = view(file);
        return new FileOwnership(view == null ? Optional.empty() : Optional.of(view.readAttributes()));
    }

    /**
     * Applies them to another file. Only root can give files away; for other users the owner stays the user who runs
     * the command. If the group cannot be kept, the group's permissions are dropped, so that nobody gains access.
     */
    void applyTo(Path file) throws IOException {
        PosixFileAttributeView view = view(file);
        if (attributes.isEmpty() || view == null) {
            return;
        }
        PosixFileAttributes from = attributes.get();
        PosixFileAttributes now = view.readAttributes();
        Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
        mode.addAll(from.permissions());
        if (!from.group().equals(now.group()) && !done(file, () -> view.setGroup(from.group()))) {
            mode.removeAll(GROUP);
        }
        if (!from.owner().equals(now.owner())) {
            done(file, () -> view.setOwner(from.owner()));
        }
        view.setPermissions(mode);
    }

    private static @Nullable PosixFileAttributeView view(Path file) {
        return Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** A change that may not be permitted. */
    @FunctionalInterface
    private interface Change {
        void run() throws IOException;
    }

    private static boolean done(Path file, Change change) throws IOException {
        try {
            change.run();
            return true;
        } catch (FileSystemException e) {
            System.getLogger(FileOwnership.class.getName()).log(Level.DEBUG, "cannot change the owner of " + file, e);
            return false;
        }
    }
}
