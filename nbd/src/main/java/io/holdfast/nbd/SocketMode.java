package io.holdfast.nbd;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Who may connect to the unix sockets that the server makes.
 *
 * @param group of the sockets, by name or number; empty for the server's own
 * @param permissions to write to a socket is to connect to it
 */
public record SocketMode(Optional<String> group, Set<PosixFilePermission> permissions) {
    private static final Pattern OCTAL = Pattern.compile("0?[0-7]{3}");

    /** The server's user alone. */
    public static final SocketMode OWNER = new SocketMode(Optional.empty(), permissions("0600"));

    public SocketMode {
        permissions = Set.copyOf(permissions);
    }

    /**
     * Parses permissions as chmod(1) takes them, in octal digits.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static Set<PosixFilePermission> permissions(String octal) {
        if (!OCTAL.matcher(octal).matches()) {
            throw new IllegalArgumentException("'" + octal + "' is no mode of a socket: write three octal digits, as in"
                    + " 0660 for the owner and the group");
        }
        String text = "";
        for (char digit : octal.substring(octal.length() - 3).toCharArray()) {
            int bits = digit - '0';
            text += ((bits & 4) == 0 ? "-" : "r") + ((bits & 2) == 0 ? "-" : "w") + ((bits & 1) == 0 ? "-" : "x");
        }
        return PosixFilePermissions.fromString(text);
    }
}
