package io.holdfast.cli.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The place of a volume's control socket. It lies beside the volume as {@code VOLUME.sock}. For a block device, or if
 * that path is too long for a socket address, it lies in the user's runtime folder under a name made from the volume's
 * path.
 */
public final class ControlPath {
    /** Bytes of a socket's path: {@code sun_path} has 108 with the closing NUL. */
    static final int PATH_BYTES_MAX = 107;

    private static final Set<PosixFilePermission> OWNER_ONLY = EnumSet.of(
            PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);
    private static final int FILE_TYPE = 0170000;
    private static final int REGULAR = 0100000;
    /**
     * A server first binds under a name that is this much longer, and then renames the socket; so that name must fit
     * too.
     */
    private static final int BIND_EXTRA = ".123456789012345678901/s".length();

    /**
     * The folder of root's servers, and of those that systemd starts as another user: the folder is theirs. Only root can make
     * something in {@code /run}, so whom the folder belongs to is root's choice, and root may trust it.
     */
    private static final Path SYSTEM_FOLDER = Path.of("/run/holdfast");

    private final Path volume;
    private final Map<String, String> environment;
    private final Path system;

    private ControlPath(Path volume, Map<String, String> environment, Path system) {
        this.volume = volume;
        this.environment = environment;
        this.system = system;
    }

    /**
     * Returns where the sockets of this volume may be. The result does not depend on the way in which the path is
     * written.
     */
    public static ControlPath of(Path volume) throws IOException {
        return new ControlPath(volume.toRealPath(), System.getenv(), SYSTEM_FOLDER);
    }

    static ControlPath of(Path volume, Map<String, String> environment) throws IOException {
        return new ControlPath(volume.toRealPath(), environment, SYSTEM_FOLDER);
    }

    static ControlPath of(Path volume, Map<String, String> environment, Path system) throws IOException {
        return new ControlPath(volume.toRealPath(), environment, system);
    }

    /** Returns all places, in the order in which a server tries to bind to them and a client to connect. */
    List<Path> candidates() throws IOException {
        Path fallback = runtimeFolder().resolve(digest(volume) + ".sock");
        return isRegular(volume) && isText(volume) && fits(beside()) ? List.of(beside(), fallback) : List.of(fallback);
    }

    /** Names the places, for a message. */
    public String describe() throws IOException {
        return candidates().stream().map(Path::toString).collect(Collectors.joining(" or "));
    }

    private Path beside() {
        return volume.resolveSibling(volume.getFileName() + ".sock");
    }

    /** Makes the runtime folder if the socket lies in it; refuses a folder that others could write to. */
    void prepare(Path socket) throws IOException {
        Path folder = runtimeFolder();
        if (folder.equals(socket.getParent()) && Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
            createIfMissing(folder);
        }
        if (!isTrusted(socket)) {
            throw new IOException(
                    folder + " is not a folder that only this user can use; remove it or set XDG_RUNTIME_DIR");
        }
    }

    private static void createIfMissing(Path folder) throws IOException {
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException e) {
            System.getLogger(ControlPath.class.getName())
                    .log(System.Logger.Level.DEBUG, "another server made the folder meanwhile", e);
        }
    }

    /**
     * Returns whether a server or a client may use a socket at this place. Beside the volume it may: anyone who could
     * put a socket there could put another volume there too. The runtime folder must belong to this user alone. The system's folder may
     * belong to another user if this is root, and others may look into it, for the sockets of clients.
     */
    boolean isTrusted(Path socket) throws IOException {
        Path folder = runtimeFolder();
        if (!folder.equals(socket.getParent())) {
            return true;
        }
        if (Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        PosixFileAttributes found = Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        boolean ours = Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                .equals(uid());
        if (folder.equals(system)) {
            boolean othersWrite = found.permissions().contains(PosixFilePermission.GROUP_WRITE)
                    || found.permissions().contains(PosixFilePermission.OTHERS_WRITE);
            return found.isDirectory() && (ours || uid() == 0) && !othersWrite;
        }
        return found.isDirectory() && ours && OWNER_ONLY.containsAll(found.permissions());
    }

    private Path runtimeFolder() throws IOException {
        int uid = uid();
        String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (runtime.indexOf('\uFFFD') >= 0) {
            throw new IOException("XDG_RUNTIME_DIR has a name that is not UTF-8, or the locale is not one of UTF-8;"
                    + " set LC_ALL=C.UTF-8 or another folder");
        }
        if (uid == 0 || isSystemFolderOf(uid)) {
            return system;
        }
        return runtime.isEmpty() ? Path.of("/tmp/holdfast-" + uid) : Path.of(runtime, "holdfast");
    }

    /** Returns whether the package or systemd has made the system's folder this user's. */
    private boolean isSystemFolderOf(int uid) throws IOException {
        return Files.isDirectory(system, LinkOption.NOFOLLOW_LINKS)
                && Files.getAttribute(system, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                        .equals(uid);
    }

    private static int uid() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    private static boolean isRegular(Path path) throws IOException {
        return ((Integer) Files.getAttribute(path, "unix:mode") & FILE_TYPE) == REGULAR;
    }

    private static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length + BIND_EXTRA <= PATH_BYTES_MAX;
    }

    /**
     * Returns whether the path's text names this path. It does not if the path is not UTF-8, as the target of a
     * symbolic link may be.
     */
    private static boolean isText(Path path) {
        return path.toString().indexOf('\uFFFD') < 0 || Path.of(path.toString()).equals(path);
    }

    /**
     * Returns a text that is unique to this path. If the path is not UTF-8 this is its URI, which escapes each byte
     * that is not ASCII.
     */
    private static String text(Path path) {
        return isText(path) ? path.toString() : path.toUri().toString();
    }

    private static String digest(Path path) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text(path).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
