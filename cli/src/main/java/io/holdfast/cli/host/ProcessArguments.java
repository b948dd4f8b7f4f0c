package io.holdfast.cli.host;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Names;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of this process, byte for byte.
 *
 * <p>The virtual machine decodes arguments by the locale and replaces what it cannot decode by U+FFFD, so different
 * names become the same. Where that may have happened, this class reads the bytes from {@code /proc/self/cmdline},
 * decodes them as UTF-8, and refuses an argument that is not UTF-8.
 */
public final class ProcessArguments {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    private static final char REPLACEMENT = '\uFFFD';

    private ProcessArguments() {}

    /**
     * Returns the original arguments that arrived as {@code args}.
     *
     * @throws UsageException naming an argument that is not UTF-8
     */
    public static String[] asGiven(String[] args) {
        if (!mayDiffer(args)) {
            return args;
        }
        List<byte[]> given;
        try {
            given = split(Files.readAllBytes(COMMAND_LINE));
        } catch (IOException noProc) {
            given = List.of();
        }
        // The program's own arguments are the last ones; before them are the virtual machine's.
        int before = given.size() - args.length;
        if (before < 0) {
            throw new UsageException("an argument cannot be decoded in this locale; set LC_ALL to a locale of UTF-8,"
                    + " as in LC_ALL=C.UTF-8");
        }
        String[] decoded = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            decoded[i] = decode(given.get(before + i), i + 1);
        }
        return decoded;
    }

    private static boolean mayDiffer(String[] args) {
        boolean utf8 = HostPath.namesAreUtf8();
        for (String arg : args) {
            if (utf8 ? arg.indexOf(REPLACEMENT) >= 0 : !HostPath.isAscii(arg)) {
                return true;
            }
        }
        return false;
    }

    /** Splits a list of byte strings that each end with NUL. */
    static List<byte[]> split(byte[] list) {
        List<byte[]> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < list.length; at++) {
            if (list[at] == 0) {
                byte[] part = new byte[at - from];
                System.arraycopy(list, from, part, 0, part.length);
                parts.add(part);
                from = at + 1;
            }
        }
        return parts;
    }

    static String decode(byte[] bytes, int position) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UsageException("argument " + position + ", '" + Names.printable(bytes)
                    + "', is not UTF-8; names are taken in UTF-8 only, so rename the file or give it another name");
        }
    }
}
