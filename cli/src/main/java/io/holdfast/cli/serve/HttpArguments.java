package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.metrics.HttpAddress;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.SocketMode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of {@code serve} that are about its metrics. */
final class HttpArguments {
    private static final String UNIX = "unix:";
    private static final Pattern TCP = Pattern.compile("(?:\\[([0-9a-fA-F:.%]+)\\]|([^:\\[\\]]+)):(\\d{1,5})");
    private static final int PORT_MAX = 65535;

    @Option(
            names = "--http",
            paramLabel = "ADDRESS",
            description =
                    "Answer /metrics, /healthz and /readyz over HTTP there: HOST:PORT, as in 127.0.0.1:9190, or unix:/path/to/socket. Behind"
                            + " a socket, with commas before them, may stand group=G and mode=M, else it has those of --socket-group"
                            + " and --socket-mode. Without it nobody listens.")
    private @Nullable String address;

    @Option(
            names = "--http-public",
            description = "Let --http listen beyond this machine: everyone who reaches it reads the names and sizes of"
                    + " the disks.")
    private boolean isPublic;

    /**
     * Returns where to listen, if anywhere.
     *
     * @param sockets the group and mode of a socket that has none of its own
     */
    Optional<HttpAddress> address(SocketMode sockets) {
        if (address == null) {
            if (isPublic) {
                throw new UsageException("--http-public needs --http");
            }
            return Optional.empty();
        }
        return Optional.of(
                address.startsWith(UNIX)
                        ? unix(address.substring(UNIX.length()), sockets)
                        : new HttpAddress(tcp(address), sockets));
    }

    private HttpAddress unix(String value, SocketMode sockets) {
        if (isPublic) {
            throw new UsageException("--http-public is for a host and a port; a unix socket has group= and mode=");
        }
        List<String> words = CommaWords.split(value);
        SocketMode mode = sockets;
        for (String word : words.subList(1, words.size())) {
            mode = with(mode, word);
        }
        try {
            return new HttpAddress(new NbdAddress.Unix(HostPath.ofFile(words.getFirst())), mode);
        } catch (TypeConversionException e) {
            throw new UsageException("--http " + UNIX + value + ": " + e.getMessage());
        }
    }

    private static SocketMode with(SocketMode mode, String word) {
        if (word.startsWith("group=") && word.length() > 6) {
            Optional<String> group = Optional.of(word.substring(6));
            Groups.require(group, "--http");
            return new SocketMode(group, mode.permissions());
        }
        if (word.startsWith("mode=")) {
            try {
                return new SocketMode(mode.group(), SocketMode.permissions(word.substring(5)));
            } catch (IllegalArgumentException e) {
                throw new UsageException("--http: " + e.getMessage());
            }
        }
        throw new UsageException(
                "--http: '" + word + "' is not group=G or mode=M; a comma that belongs to a value is written twice");
    }

    private NbdAddress.Tcp tcp(String value) {
        Matcher parts = TCP.matcher(value);
        if (!parts.matches() || Integer.parseInt(parts.group(3)) > PORT_MAX) {
            throw new UsageException(
                    "--http is a host and a port, as in 127.0.0.1:9190 or [::1]:9190, or unix:/path/to/socket, not '"
                            + value + "'");
        }
        String host = parts.group(1) == null ? parts.group(2) : parts.group(1);
        if (!isPublic && !resolve(host).isLoopbackAddress()) {
            throw new UsageException(
                    "--http " + value
                            + " can be reached from other machines, and asks for no password: take 127.0.0.1 or a unix socket, or add --http-public");
        }
        return new NbdAddress.Tcp(host, Integer.parseInt(parts.group(3)));
    }

    /** Refuses an address that is one of the others. */
    static void requireOwn(Optional<HttpAddress> http, Collection<? extends NbdAddress> others) {
        if (http.isPresent() && others.contains(http.get().listen())) {
            throw new UsageException("--http and --nbd cannot have the same address, "
                    + http.get().listen());
        }
    }

    private static InetAddress resolve(String name) {
        try {
            return InetAddress.getByName(name);
        } catch (UnknownHostException e) {
            throw new UsageException("--http: there is no host '" + name + "'; take an address, as in 127.0.0.1:9190");
        }
    }
}
