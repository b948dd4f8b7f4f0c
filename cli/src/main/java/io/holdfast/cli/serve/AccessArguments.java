package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.service.UnixPeers;
import io.holdfast.nbd.NbdAccess;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdExport;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.NbdTls;
import io.holdfast.nbd.SocketMode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of {@code serve} that say who may open what. */
final class AccessArguments {
    @Option(
            names = "--export",
            paramLabel = "PATH[,OPTION]",
            converter = ExportConverter.class,
            description =
                    "Serve this file, and no file without such an option. Behind PATH, with commas before them: name=N, read-only,"
                            + " exclusive (one client writes at a time), socket=PATH (a unix socket for this export alone), group=G and mode=M"
                            + " (of that socket),"
                            + " client=NAME or client=sha256:FINGERPRINT (whose certificate may see it), connections=N, iops=N,"
                            + " rate=SIZE (bytes per second). May be given several times. Without it every file is served.")
    private List<NbdExport> exports = List.of();

    @Option(names = "--no-list", description = "Do not tell clients which exports there are.")
    private boolean noList;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "The group of the unix sockets that clients connect to. Default: that of the server")
    private Optional<String> group = Optional.empty();

    @Option(
            names = "--socket-mode",
            paramLabel = "MODE",
            description = "The mode of the unix sockets that clients connect to, in octal digits. Default: 0600")
    private Optional<String> mode = Optional.empty();

    @Option(
            names = "--insecure",
            description =
                    "Listen at TCP addresses that other machines can reach, also without certificates of clients (--tls-verify-peer).")
    private boolean insecure;

    /** Returns the options with who may open what, after a look whether all of it makes sense together. */
    NbdOptions with(NbdOptions options, List<NbdAddress> addresses) {
        NbdAccess access = NbdAccess.ALL
                .withExports(exports)
                .withLists(!noList)
                .withSockets(sockets())
                .withPeers(new UnixPeers());
        Groups.require(group, "--socket-group");
        for (NbdExport export : exports) {
            Groups.require(export.socket().flatMap(NbdExport.OwnSocket::group), "--export " + export.path());
        }
        boolean verified = options.tls().map(NbdTls::verifyPeer).orElse(false);
        for (NbdExport export : exports) {
            if (!export.clients().isEmpty() && !verified) {
                throw new UsageException("--export " + export.path()
                        + ": client= needs clients that show certificates: --tls-certs with --tls-verify-peer");
            }
        }
        if (access.common(addresses).size() < addresses.size()) {
            throw new UsageException(
                    "--export: a socket= is for its export alone, so it is not an address of --nbd as well");
        }
        requireNames(access);
        requireSafe(addresses, options);
        return options.withAccess(access);
    }

    /** Returns the group and mode of unix sockets that have none of their own. */
    SocketMode sockets() {
        return new SocketMode(group, permissions());
    }

    private Set<PosixFilePermission> permissions() {
        try {
            return mode.map(SocketMode::permissions).orElse(SocketMode.OWNER.permissions());
        } catch (IllegalArgumentException e) {
            throw new UsageException("--socket-mode: " + e.getMessage());
        }
    }

    private static void requireNames(NbdAccess access) {
        requireNames(access.commonExports());
        for (NbdAddress own : access.ownSockets()) {
            List<NbdExport> exports = access.exportsAt(own);
            requireNames(exports);
            long modes = exports.stream()
                    .flatMap(export -> export.socket().stream())
                    .map(socket -> socket.mode(access.sockets()))
                    .distinct()
                    .count();
            if (modes > 1) {
                throw new UsageException("--export: exports at " + own + " have different group= or mode=");
            }
        }
    }

    private static void requireNames(List<NbdExport> exports) {
        Set<String> names = new HashSet<>();
        for (NbdExport export : exports) {
            if (!names.add(export.name())) {
                throw new UsageException(
                        "--export: two exports have the name '" + export.name() + "'; give one another with name=");
            }
        }
    }

    /** Refuses addresses at which everyone in the network could read and write the disks: encryption alone keeps nobody out. */
    void requireSafe(List<NbdAddress> addresses, NbdOptions options) {
        if (insecure || options.tls().map(NbdTls::verifyPeer).orElse(false)) {
            return;
        }
        boolean encrypted = options.tls().isPresent();
        for (NbdAddress address : addresses) {
            if (address instanceof NbdAddress.Tcp tcp && isReachable(tcp.host())) {
                throw new UsageException("--nbd: other machines can reach " + tcp
                        + ", and without certificates of clients everyone who does can read and change what is served: add "
                        + (encrypted ? "" : "--tls-certs DIR and ")
                        + "--tls-verify-peer, use tcp:127.0.0.1:PORT or a unix socket, or insist with --insecure");
            }
        }
    }

    private static boolean isReachable(String host) {
        try {
            return !InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false; // Nobody can listen there, which is found out next.
        }
    }
}
