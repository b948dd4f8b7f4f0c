package io.holdfast.cli.peer;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.copy.Source;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;

/**
 * The address of an export, as the NBD project's doc/uri.md has it.
 *
 * @param export the name; may be empty
 */
public record NbdUri(String text, SocketAddress address, String export) {
    private static final int PORT = 10809;

    /** Returns whether the text is meant as an address of NBD, of whatever kind. */
    public static boolean isOne(String text) {
        return text.matches("nbds?(\\+(unix|vsock|ssh))?:.*");
    }

    /**
     * Parses {@code nbd://HOST[:PORT]/EXPORT} or {@code nbd+unix:///EXPORT?socket=PATH}.
     *
     * @throws UsageException with a message for the person at the terminal
     */
    public static NbdUri parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new UsageException("'" + text + "' is no NBD URI: " + e.getReason());
        }
        String path = uri.getPath() == null ? "" : uri.getPath();
        String export = path.startsWith("/") ? path.substring(1) : path;
        return switch (uri.getScheme()) {
            case "nbd+unix" -> new NbdUri(text, UnixDomainSocketAddress.of(socket(text, uri)), export);
            case "nbd" -> {
                if (uri.getHost() == null) {
                    throw new UsageException("'" + text + "' names no host; write nbd://HOST[:PORT]/EXPORT");
                }
                String host = uri.getHost().replaceAll("^\\[|]$", "");
                yield new NbdUri(text, new InetSocketAddress(host, uri.getPort() < 0 ? PORT : uri.getPort()), export);
            }
            default ->
                throw new UsageException("import reads nbd:// and nbd+unix:// itself; for '" + text
                        + "' let another client do it: nbdcopy '" + text + "' - | holdfast import - VOLUME PATH");
        };
    }

    private static String socket(String text, URI uri) {
        String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        for (String part : query.split("&", -1)) {
            if (part.startsWith("socket=") && part.length() > "socket=".length()) {
                return URLDecoder.decode(
                        part.substring("socket=".length()).replace("+", "%2B"), StandardCharsets.UTF_8);
            }
        }
        throw new UsageException("'" + text + "' names no socket; write nbd+unix:///EXPORT?socket=PATH");
    }

    /** Connects. The guard cuts the connection if the command does not end by itself. */
    public Source open(Cancellation.Guard guard) throws IOException {
        return guard.of(connect(text, address, export, () -> {}));
    }

    /**
     * Connects to an export for an import.
     *
     * @param name for messages
     * @param server closed with the source, also if this fails
     */
    public static Source connect(String name, SocketAddress address, String export, Closeable server)
            throws IOException {
        NbdClient client = null;
        boolean done = false;
        try {
            if (address instanceof UnixDomainSocketAddress unix && Files.notExists(unix.getPath())) {
                throw new HoldfastException(
                        ErrorCode.NOT_FOUND,
                        name + ": there is no socket " + unix.getPath() + "; is the server running?");
            }
            if (address instanceof InetSocketAddress internet && internet.isUnresolved()) {
                throw new FileSystemException(name, null, "there is no host of the name " + internet.getHostString());
            }
            client = NbdClient.connectToRead(address, export);
            Source source = new NbdSource(name, client, server);
            done = true;
            return source;
        } catch (FileSystemException e) {
            throw e;
        } catch (HoldfastException e) {
            throw new HoldfastException(e.code(), name + ": " + e.getMessage(), e);
        } catch (IOException e) {
            FileSystemException named = new FileSystemException(name, null, e.getMessage());
            named.initCause(e);
            throw named;
        } finally {
            if (!done) {
                if (client != null) {
                    client.close();
                }
                closeQuietly(server);
            }
        }
    }

    private static void closeQuietly(Closeable server) {
        try {
            server.close();
        } catch (IOException e) {
            System.getLogger(NbdUri.class.getName()).log(System.Logger.Level.DEBUG, "closing a server", e);
        }
    }
}
