package io.holdfast.cli.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A path of the machine's own file system, from an argument. This refuses a path that the virtual machine would take
 * for another file:
 *
 * <ul>
 *   <li>a name that is not ASCII where the virtual machine encodes names in another way than UTF-8;
 *   <li>a relative path in a working directory whose name the virtual machine could not decode.
 * </ul>
 */
public final class HostPath implements ITypeConverter<Path> {
    private static final Path WORKING_DIRECTORY = Path.of("/proc/self/cwd");

    @Override
    public Path convert(String value) {
        return of(value);
    }

    /**
     * Returns the path that {@code text} names.
     *
     * @throws TypeConversionException with a message in words if there is none
     */
    public static Path of(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("the path is empty");
        }
        if (!isAscii(text) && !namesAreUtf8()) {
            throw new TypeConversionException("'" + text + "' cannot be used as a file name in this locale, whose"
                    + " encoding is " + encoding() + "; set LC_ALL to a locale of UTF-8, as in LC_ALL=C.UTF-8");
        }
        try {
            Path path = Path.of(text);
            if (!path.isAbsolute() && !knowsWorkingDirectory()) {
                throw new TypeConversionException("'" + text + "' is relative to a working directory whose name is not"
                        + " UTF-8; give an absolute path or change to another directory");
            }
            return path;
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + text + "' cannot be a file name: " + e.getReason());
        }
    }

    /** Returns the path of a file that may be made. Refuses a slash at the end, which would mean a directory. */
    public static Path ofFile(String text) {
        Path path = of(text);
        if (text.endsWith("/")) {
            throw new TypeConversionException("'" + text + "' ends with a slash, as a directory does; name a file");
        }
        return path;
    }

    /** Converts an argument that names a file which may be made. */
    public static final class OfFile implements ITypeConverter<Path> {
        @Override
        public Path convert(String value) {
            return ofFile(value);
        }
    }

    /** Returns whether the virtual machine encodes file names and decodes arguments as UTF-8. */
    static boolean namesAreUtf8() {
        return encoding().equalsIgnoreCase(StandardCharsets.UTF_8.name());
    }

    static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    private static String encoding() {
        return System.getProperty("sun.jnu.encoding", StandardCharsets.UTF_8.name());
    }

    /**
     * Returns whether relative paths work: the virtual machine resolves them against the working directory as it
     * decoded it at its start.
     */
    private static boolean knowsWorkingDirectory() {
        String decoded = System.getProperty("user.dir", "");
        if (isAscii(decoded)) {
            return true;
        }
        try {
            return !Files.exists(WORKING_DIRECTORY)
                    || Files.isSameFile(Path.of("").toAbsolutePath(), WORKING_DIRECTORY);
        } catch (IOException | InvalidPathException e) {
            return false;
        }
    }
}
