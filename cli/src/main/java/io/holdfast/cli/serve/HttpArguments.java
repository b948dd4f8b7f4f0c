package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code serve} that are about its metrics. */
final class HttpArguments {
    private static final Pattern ADDRESS = Pattern.compile("(\\[[0-9a-fA-F:.%]+\\]|[^:\\[\\]]+):(\\d{1,5})");
    private static final int PORT_MAX = 65535;

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            description =
                    "Answer /metrics, /healthz and /readyz over HTTP there, as in 127.0.0.1:9190. Without it nobody"
                            + " listens.")
    private @Nullable String address;

    @Option(
            names = "--http-public",
            description = "Let --http listen beyond this machine: everyone who reaches it reads the names and sizes of"
                    + " the disks.")
    private boolean isPublic;

    /** Returns where to listen, if anywhere. */
    Optional<InetSocketAddress> address() {
        if (address == null) {
            if (isPublic) {
                throw new UsageException("--http-public needs --http");
            }
            return Optional.empty();
        }
        Matcher parts = ADDRESS.matcher(address);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > PORT_MAX) {
            throw new UsageException(
                    "--http is a host and a port, as in 127.0.0.1:9190 or [::1]:9190, not '" + address + "'");
        }
        InetAddress host = host(parts.group(1));
        if (!isPublic && !host.isLoopbackAddress()) {
            throw new UsageException(
                    "--http " + address
                            + " can be reached from other machines, and asks for no password: take 127.0.0.1, or add --http-public");
        }
        return Optional.of(new InetSocketAddress(host, Integer.parseInt(parts.group(2))));
    }

    private static InetAddress host(String name) {
        try {
            return InetAddress.getByName(name);
        } catch (UnknownHostException e) {
            throw new UsageException("--http: there is no host '" + name + "'; take an address, as in 127.0.0.1:9190");
        }
    }
}
