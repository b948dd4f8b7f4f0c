package io.holdfast.cli.command;

import io.holdfast.cli.text.Json;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import java.util.Locale;
import java.util.Map;

/** A file's attributes for people and for programs. */
final class Attributes {
    private static final String BITS = "rwxrwxrwx";

    private Attributes() {}

    static Map<String, Object> json(String path, FileStatus status) {
        return Json.object(
                "path", path,
                "kind", status.kind().name().toLowerCase(Locale.ROOT),
                "inode", status.inode(),
                "mode", String.format("%04o", status.mode()),
                "uid", status.uid(),
                "gid", status.gid(),
                "links", status.links(),
                "size_bytes", Json.unsigned(status.size()),
                "allocated_bytes", status.allocatedBytes(),
                "checksummed", status.checksummed(),
                "access_time", status.accessTime().toString(),
                "modify_time", status.modifyTime().toString(),
                "change_time", status.changeTime().toString(),
                "birth_time", status.birthTime().toString());
    }

    /** Returns as in {@code drwxr-xr-x}. */
    static String mode(FileStatus status) {
        char[] text = new char[BITS.length()];
        for (int i = 0; i < text.length; i++) {
            text[i] = ((status.mode() >> (text.length - 1 - i)) & 1) != 0 ? BITS.charAt(i) : '-';
        }
        special(text, 2, (status.mode() & 04000) != 0, 's');
        special(text, 5, (status.mode() & 02000) != 0, 's');
        special(text, 8, (status.mode() & 01000) != 0, 't');
        return kindLetter(status.kind()) + new String(text);
    }

    private static void special(char[] text, int at, boolean set, char letter) {
        if (set) {
            text[at] = text[at] == 'x' ? letter : Character.toUpperCase(letter);
        }
    }

    private static char kindLetter(FileKind kind) {
        return switch (kind) {
            case REGULAR -> '-';
            case DIRECTORY -> 'd';
            case SYMLINK -> 'l';
        };
    }
}
