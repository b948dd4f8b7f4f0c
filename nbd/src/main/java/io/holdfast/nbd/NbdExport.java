package io.holdfast.nbd;

import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One entry of a list of exports: a file of the volume, the name that clients know it by, and who may do what with it. A
 * file may have several entries.
 *
 * @param path of the file in the volume, beginning with a slash; the file may be made later
 * @param name by which clients ask for it, not empty, without a slash in front
 * @param readOnly refuse writes
 * @param exclusive only one client at a time changes the file: while one does, changes of another client wait until the
 *     first has left, and are refused if it does not leave
 * @param socket where this export is served; it is served nowhere else, and nothing else is served there but other
 *     exports with the same socket. Empty for the addresses of the server
 * @param clients whose certificates may see and open it; everyone if there are none
 */
public record NbdExport(
        String path,
        String name,
        boolean readOnly,
        boolean exclusive,
        Limits limits,
        Optional<OwnSocket> socket,
        List<ClientCertificate> clients) {
    public NbdExport {
        if (!path.startsWith("/") || name.isEmpty() || name.startsWith("/")) {
            throw new IllegalArgumentException("an export has a path from the root, and a name: " + path + ", " + name);
        }
        clients = List.copyOf(clients);
    }

    /** Returns an export without limits, for everyone, at the addresses of the server. */
    public static NbdExport of(String path, String name) {
        return new NbdExport(path, name, false, false, Limits.NONE, Optional.empty(), List.of());
    }

    /**
     * A unix socket for an export alone, or for several with the same one.
     *
     * @param group of the socket, by name or number; empty for that of all sockets
     * @param permissions of the socket; empty for those of all sockets
     */
    public record OwnSocket(
            NbdAddress.Unix address, Optional<String> group, Optional<Set<PosixFilePermission>> permissions) {
        /** Returns one like all other sockets. */
        public static OwnSocket at(Path path) {
            return new OwnSocket(new NbdAddress.Unix(path), Optional.empty(), Optional.empty());
        }

        /** Returns who may connect, if {@code others} is for sockets of which nothing else is said. */
        public SocketMode mode(SocketMode others) {
            return new SocketMode(group.or(others::group), permissions.orElse(others.permissions()));
        }
    }

    /**
     * What all connections of an export may have together; 0 for no bound.
     *
     * @param connections at once
     * @param requestsPerSecond of any kind
     * @param bytesPerSecond read and written, at least {@link #BYTES_PER_SECOND_MIN}
     */
    public record Limits(int connections, int requestsPerSecond, long bytesPerSecond) {
        public static final Limits NONE = new Limits(0, 0, 0);

        /** With less a single request could keep its export busy for hours. */
        public static final long BYTES_PER_SECOND_MIN = 64 << 10;

        public Limits {
            if (connections < 0
                    || requestsPerSecond < 0
                    || (bytesPerSecond != 0 && bytesPerSecond < BYTES_PER_SECOND_MIN)) {
                throw new IllegalArgumentException("a limit is out of range");
            }
        }
    }
}
