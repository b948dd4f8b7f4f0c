package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A small file beside a volume that says who has the volume open. It is locked for as long.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Only this class opens such a file, and a process opens it at most once ({@link VolumeLock} sees to that). To
 *       close another descriptor of it would drop the lock; so there is none.
 *   <li>A process removes the file only while it alone has the file locked. A lock counts only if the path still names
 *       the file that was locked. So if one process locks the file that another one is removing, it tries again with
 *       the new file.
 * </ul>
 */
final class LockFile {
    private static final int ATTEMPTS_MAX = 100;
    private static final int CONTENT_BYTES_MAX = 128;
    private static final String PREFIX = "holdfast process ";
    private static final Pattern CONTENT = Pattern.compile(PREFIX + "([0-9]{1,18})\\s*");

    /** The creation time counts, too: a file system may give the inode number of a removed file to the next one. */
    private record Identity(Object inode, FileTime created) {}

    private final Path path;
    private final UninterruptibleFile file;
    private final Identity identity;
    private FileLock lock;

    private LockFile(Path path, UninterruptibleFile file, Identity identity, FileLock lock) {
        this.path = path;
        this.file = file;
        this.identity = identity;
        this.lock = lock;
    }

    Path path() {
        return path;
    }

    /**
     * Creates the file if there is none, and locks it.
     *
     * @param shared for a reader of the volume
     * @throws HoldfastException {@code HELD} if another process has it locked; {@code EXISTS} if it is no lock file of
     *     Holdfast
     * @throws IOException if there cannot be such a file here
     */
    static LockFile take(Path path, Path volume, boolean shared) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            create(path);
            LockFile taken = tryTake(path, volume, shared);
            if (taken != null) {
                return taken;
            }
        }
        throw new IOException(path + " is removed by others again and again");
    }

    /** Returns null if the file was removed meanwhile. */
    private static @Nullable LockFile tryTake(Path path, Path volume, boolean shared) throws IOException {
        UninterruptibleFile file = null;
        LockFile taken = null;
        try {
            Identity before = identify(path);
            file = UninterruptibleFile.open(path, UninterruptibleFile.Mode.WRITE_NO_LINK);
            if (!before.equals(identify(path))) {
                return null;
            }
            String content = content(file);
            requireOurs(path, content);
            FileLock lock = file.tryLock(shared);
            if (lock == null) {
                throw held(volume, holder(path, content));
            }
            if (!before.equals(identify(path))) {
                return null;
            }
            LockFile locked = new LockFile(path, file, before, lock);
            locked.publish(shared);
            taken = locked;
            return taken;
        } catch (NoSuchFileException _) {
            return null;
        } finally {
            if (taken == null && file != null) {
                file.close();
            }
        }
    }

    /** Gives up the lock, and removes the file unless another process has it locked, too. */
    void release() throws IOException {
        try (file) {
            if (lock.isShared()) {
                lock.release();
                FileLock alone = file.tryLock(false);
                if (alone == null) {
                    return;
                }
                lock = alone;
            }
            if (identity.equals(identify(path))) {
                Files.delete(path);
            }
        } catch (NoSuchFileException _) {
            // somebody removed it by hand
        }
    }

    static HoldfastException held(Path volume, OptionalLong pid) {
        String who = pid.isPresent() ? "process " + pid.getAsLong() : "another process";
        return new HoldfastException(ErrorCode.HELD, "%s is in use by %s".formatted(volume, who));
    }

    private void publish(boolean shared) throws IOException {
        file.truncate(0);
        if (!shared) {
            byte[] content = (PREFIX + ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            file.write(ByteBuffer.wrap(content), 0);
        }
    }

    private static void create(Path path) throws IOException {
        FileAttribute<?>[] attributes =
                path.getFileSystem().supportedFileAttributeViews().contains("posix")
                        ? new FileAttribute<?>[] {
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                        }
                        : new FileAttribute<?>[0];
        try {
            Files.newByteChannel(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)
                    .close();
        } catch (FileAlreadyExistsException _) {
            // left by a process that was killed, or in use
        }
    }

    private static Identity identify(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isRegularFile()) {
            throw foreign(path);
        }
        Object inode = attributes.fileKey();
        return new Identity(inode == null ? path : inode, attributes.creationTime());
    }

    private static String content(UninterruptibleFile file) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(CONTENT_BYTES_MAX);
        file.read(content, 0);
        return new String(content.array(), 0, content.position(), StandardCharsets.ISO_8859_1);
    }

    /** Refuses to overwrite somebody's data. After a power cut a lock file of Holdfast may be empty or have zeros. */
    private static void requireOurs(Path path, String content) throws HoldfastException {
        if (!content.isEmpty() && content.charAt(0) != 0 && !content.startsWith(PREFIX)) {
            throw foreign(path);
        }
    }

    private static HoldfastException foreign(Path path) {
        return new HoldfastException(
                ErrorCode.EXISTS, path + " is in the way: it is not a lock file of Holdfast; move it elsewhere");
    }

    private static OptionalLong holder(Path path, String content) {
        OptionalLong pid = LockHolder.of(path);
        Matcher published = CONTENT.matcher(content);
        return pid.isEmpty() && published.matches() ? OptionalLong.of(Long.parseLong(published.group(1))) : pid;
    }
}
