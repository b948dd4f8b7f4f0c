package io.holdfast.nbd;

import java.nio.charset.StandardCharsets;

/** Builds URIs as in the NBD URI specification (uri.md beside the protocol document). */
final class NbdUri {
    private static final String PLAIN = "-._~/";

    private NbdUri() {}

    static String of(NbdAddress address, String exportPath, boolean encrypted) {
        String scheme = encrypted ? "nbds" : "nbd";
        String export = "/" + escape(exportName(exportPath));
        return switch (address) {
            case NbdAddress.Unix unix ->
                scheme + "+unix://" + export + "?socket="
                        + escape(unix.path().toAbsolutePath().toString());
            case NbdAddress.Tcp tcp -> scheme + "://" + tcp.hostAndPort() + export;
        };
    }

    /** Returns the canonical name of the export that a path leads to. */
    static String exportName(String path) {
        return path.startsWith("/") ? path.substring(1) : path;
    }

    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) Byte.toUnsignedInt(b);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0)) {
                escaped.append(c);
            } else {
                escaped.append('%').append(String.format("%02X", (int) c));
            }
        }
        return escaped.toString();
    }
}
