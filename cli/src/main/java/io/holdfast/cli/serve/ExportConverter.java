package io.holdfast.cli.serve;

import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Nearest;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.ClientCertificate;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdExport;
import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.NbdExport.OwnSocket;
import io.holdfast.nbd.SocketMode;
import io.holdfast.volume.VolumePath;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Takes an export from the command line: {@code PATH[,name=N][,read-only]…}. A comma that belongs to a value is written
 * twice.
 */
final class ExportConverter implements ITypeConverter<NbdExport> {
    private static final int NAME_BYTES_MAX = 4096;
    private static final List<String> SWITCHES = List.of("read-only", "exclusive");
    private static final Map<String, String> VALUES = Map.of(
            "name", "N",
            "socket", "PATH",
            "group", "G",
            "mode", "M",
            "client", "NAME",
            "connections", "N",
            "iops", "N",
            "rate", "SIZE");

    @Override
    public NbdExport convert(String value) {
        try {
            return parse(value);
        } catch (HoldfastException | IllegalArgumentException e) {
            throw new TypeConversionException("'" + value + "' is no export; " + e.getMessage());
        }
    }

    private static NbdExport parse(String value) throws HoldfastException {
        List<String> words = CommaWords.split(value);
        Parts parts = new Parts();
        for (String word : words.subList(1, words.size())) {
            parts.take(word);
        }
        String path = VolumePath.parse(words.getFirst()).ofFile();
        String name = name(parts.name.orElse(path));
        return new NbdExport(
                path,
                name,
                parts.readOnly,
                parts.exclusive,
                new Limits(parts.connections, parts.requests, parts.bytes),
                parts.socket(),
                parts.clients);
    }

    private static String name(String given) {
        String name = given.startsWith("/") ? given.substring(1) : given;
        if (name.isEmpty() || name.startsWith("/") || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("its name is empty, or begins with two slashes");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "NBD has at most " + NAME_BYTES_MAX + " bytes for a name; give it a shorter one with name=");
        }
        return name;
    }

    /** What stands behind the path, as far as it was read. */
    private static final class Parts {
        Optional<String> name = Optional.empty();
        boolean readOnly;
        boolean exclusive;
        int connections;
        int requests;
        long bytes;
        private Optional<NbdAddress.Unix> socket = Optional.empty();
        private Optional<String> group = Optional.empty();
        private Optional<Set<PosixFilePermission>> mode = Optional.empty();
        final List<ClientCertificate> clients = new ArrayList<>();
        private final List<String> seen = new ArrayList<>();

        void take(String word) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals + 1);
            String text = word.substring(key.length());
            if (!key.equals("client=") && seen.contains(key)) {
                throw new IllegalArgumentException("'" + key + "' stands there twice");
            }
            seen.add(key);
            switch (key) {
                case "name=" -> name = Optional.of(text);
                case "read-only" -> readOnly = true;
                case "exclusive" -> exclusive = true;
                case "socket=" -> socket = Optional.of(socket(text));
                case "group=" -> group = Optional.of(group(text));
                case "mode=" -> mode = Optional.of(SocketMode.permissions(text));
                case "client=" -> clients.add(ClientCertificate.parse(text));
                case "connections=" -> connections = number(key, text);
                case "iops=" -> requests = number(key, text);
                case "rate=" -> bytes = rate(text);
                default -> throw unknown(word);
            }
        }

        private static IllegalArgumentException unknown(String word) {
            String key = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
            if (SWITCHES.contains(key)) {
                return new IllegalArgumentException("'" + key
                        + "' is a switch: without a value on the command line, true or false without quotes in a file");
            }
            if (VALUES.containsKey(key)) {
                return new IllegalArgumentException("'" + key + "' needs a value: " + key + "=" + VALUES.get(key));
            }
            List<String> known = new ArrayList<>(SWITCHES);
            known.addAll(VALUES.keySet());
            known.sort(null);
            return new IllegalArgumentException("'" + Names.printable(word) + "' is none of " + String.join(", ", known)
                    + (key.matches("[a-z_-]+")
                            ? "; the nearest is '" + Nearest.to(key, known).orElse("") + "'"
                            : "; a comma that belongs to a value is written twice"));
        }

        Optional<OwnSocket> socket() {
            if (socket.isEmpty() && (group.isPresent() || mode.isPresent())) {
                throw new IllegalArgumentException("group= and mode= are those of a socket=, and there is none");
            }
            return socket.map(address -> new OwnSocket(address, group, mode));
        }

        private static String group(String text) {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("group= is the name or number of a group, and it is empty");
            }
            return text;
        }

        private static NbdAddress.Unix socket(String text) {
            try {
                return new NbdAddress.Unix(HostPath.ofFile(text));
            } catch (TypeConversionException e) {
                throw new IllegalArgumentException("socket= cannot be used; " + e.getMessage(), e);
            }
        }

        private static int number(String key, String text) {
            try {
                int number = Integer.parseInt(text);
                if (number > 0) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // Reported below, like a number out of range.
            }
            throw new IllegalArgumentException(
                    key + " is a whole number from 1 to " + Integer.MAX_VALUE + ", not '" + text + "'");
        }

        private static long rate(String text) {
            long bytes = Sizes.parse(text.endsWith("/s") ? text.substring(0, text.length() - 2) : text);
            if (bytes < Limits.BYTES_PER_SECOND_MIN) {
                throw new IllegalArgumentException("rate= is bytes per second, at least "
                        + Sizes.show(Limits.BYTES_PER_SECOND_MIN) + ", as in 200M, not '" + text + "'");
            }
            return bytes;
        }
    }
}
