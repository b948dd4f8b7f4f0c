package io.holdfast.volume;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.Printable;
import java.util.ArrayList;
import java.util.List;

/**
 * A path in a volume, as somebody outside gives it: an argument of a command, a name of an export, a request at the
 * control socket. This class has the one rule for all of them.
 *
 * <p>A volume has no working directory, so an empty path and the names {@code .} and {@code ..} mean nothing there.
 * This class refuses them: they would not lead where the caller means. It takes out needless slashes. A slash at the
 * end says that the path is a directory's.
 *
 * @param path absolute, with one slash between names and none at the end
 * @param directory whether the path had a slash at the end: it must lead to a directory
 */
public record VolumePath(String path, boolean directory) {
    public static final String ROOT = "/";

    private static final int SHOWN_CHARS_MAX = 255;

    /**
     * Checks a path.
     *
     * @param given with or without a slash in front
     * @throws HoldfastException {@code INVALID}; the message says what is wrong, and with which name
     */
    public static VolumePath parse(String given) throws HoldfastException {
        if (given.isEmpty()) {
            throw new HoldfastException(ErrorCode.INVALID, "the path is empty; the root directory is /");
        }
        List<String> names = new ArrayList<>();
        for (String name : given.split(ROOT, -1)) {
            if (name.equals(".") || name.equals("..")) {
                throw new HoldfastException(
                        ErrorCode.INVALID,
                        shown(given) + " has the name '" + name
                                + "', which means nothing in a volume; give the path from the root directory on");
            }
            requireText(given, name);
            if (!name.isEmpty()) {
                names.add(name);
            }
        }
        return new VolumePath(ROOT + String.join(ROOT, names), given.endsWith(ROOT));
    }

    private static void requireText(String given, String name) throws HoldfastException {
        String what = name.indexOf('\0') >= 0
                ? "a NUL"
                : name.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)
                        ? "half of a surrogate pair"
                        : "";
        if (!what.isEmpty()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    shown(given) + ": the name " + shown(name) + " has " + what + ", which no name in a volume has");
        }
    }

    public boolean isRoot() {
        return path.equals(ROOT);
    }

    /**
     * Returns the path, for a call that takes a file.
     *
     * @throws HoldfastException {@code IS_A_DIRECTORY} if the path is the root, or has a slash at the end
     */
    public String ofFile() throws HoldfastException {
        if (isRoot()) {
            throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, "/ is the root directory, and no file");
        }
        if (directory) {
            throw new HoldfastException(
                    ErrorCode.IS_A_DIRECTORY,
                    shown(path + ROOT) + " ends with a slash, which says that it is a directory; here a file is meant");
        }
        return path;
    }

    /**
     * Returns the path, for a call that takes a file of any kind. Makes sure that a path with a slash at the end leads
     * to a directory.
     *
     * @throws HoldfastException {@code NOT_A_DIRECTORY} if it does not; {@code NOT_FOUND} if it leads nowhere
     */
    public String in(Volume volume) throws HoldfastException {
        if (directory && !isRoot() && volume.status(path).kind() != FileKind.DIRECTORY) {
            throw new HoldfastException(
                    ErrorCode.NOT_A_DIRECTORY,
                    path + " is not a directory, but the slash behind it says so; leave the slash out");
        }
        return path;
    }

    private static String shown(String text) {
        String begin = text.length() <= SHOWN_CHARS_MAX ? text : text.substring(0, SHOWN_CHARS_MAX) + "…";
        return "'" + Printable.of(begin) + "'";
    }
}
