package io.holdfast.nbd;

import io.holdfast.nbd.NbdExport.OwnSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Who finds and opens what.
 *
 * @param exports the exports that there are; if there are none in this list, every file of the volume is one by its path
 * @param lists whether clients may list the exports; those who know a name may open it all the same
 * @param sockets who may connect to unix sockets that the server makes, if the export of a socket does not say
 * @param peers finds the processes of clients at unix sockets
 * @param handover how long a change of a file waits for another client that has changed it to leave, if one of the two has
 *     it by an exclusive export
 */
public record NbdAccess(
        List<NbdExport> exports, boolean lists, SocketMode sockets, PeerProcesses peers, Duration handover) {
    /** Everything for everyone. */
    public static final NbdAccess ALL =
            new NbdAccess(List.of(), true, SocketMode.OWNER, PeerProcesses.NONE, Duration.ofSeconds(20));

    public NbdAccess {
        exports = List.copyOf(exports);
    }

    public NbdAccess withExports(List<NbdExport> list) {
        return new NbdAccess(list, lists, sockets, peers, handover);
    }

    public NbdAccess withLists(boolean yes) {
        return new NbdAccess(exports, yes, sockets, peers, handover);
    }

    public NbdAccess withSockets(SocketMode mode) {
        return new NbdAccess(exports, lists, mode, peers, handover);
    }

    public NbdAccess withPeers(PeerProcesses finder) {
        return new NbdAccess(exports, lists, sockets, finder, handover);
    }

    public NbdAccess withHandover(Duration time) {
        return new NbdAccess(exports, lists, sockets, peers, time);
    }

    /** Returns the sockets that exports have for themselves, each once, in the order of the list. */
    public Set<NbdAddress> ownSockets() {
        Set<NbdAddress> own = new LinkedHashSet<>();
        for (NbdExport export : exports) {
            export.socket()
                    .map(OwnSocket::address)
                    .filter(socket -> !contains(own, socket))
                    .ifPresent(own::add);
        }
        return own;
    }

    /** Returns the exports at one of the {@link #ownSockets}. */
    public List<NbdExport> exportsAt(NbdAddress own) {
        return exports.stream()
                .filter(export -> export.socket()
                        .filter(socket -> isSame(socket.address(), own))
                        .isPresent())
                .toList();
    }

    /** Returns who may connect to a socket that is made at an address. */
    public SocketMode modeAt(NbdAddress address) {
        return exportsAt(address).stream()
                .findFirst()
                .flatMap(NbdExport::socket)
                .map(socket -> socket.mode(sockets))
                .orElse(sockets);
    }

    /** Returns the exports at all other addresses. */
    public List<NbdExport> commonExports() {
        return exports.stream().filter(export -> export.socket().isEmpty()).toList();
    }

    /** Returns the addresses that are not among the {@link #ownSockets}. */
    public List<NbdAddress> common(List<NbdAddress> addresses) {
        Set<NbdAddress> own = ownSockets();
        return addresses.stream().filter(address -> !contains(own, address)).toList();
    }

    private static boolean contains(Set<NbdAddress> addresses, NbdAddress address) {
        return addresses.stream().anyMatch(other -> isSame(other, address));
    }

    /** The path of a socket may be written in several ways. */
    private static boolean isSame(NbdAddress a, NbdAddress b) {
        if (a instanceof NbdAddress.Unix(Path one) && b instanceof NbdAddress.Unix(Path other)) {
            return one.toAbsolutePath()
                    .normalize()
                    .equals(other.toAbsolutePath().normalize());
        }
        return a.equals(b);
    }
}
