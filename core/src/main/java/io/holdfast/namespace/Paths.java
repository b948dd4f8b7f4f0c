package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;

/** Splits paths into names. */
final class Paths {
    /** Bytes of UTF-8. */
    static final int LENGTH_MAX = 4 * 4096;

    private Paths() {}

    /** Returns the names of an absolute path. Resolves {@code .}, {@code ..} and empty names lexically. */
    static List<String> names(String path) throws HoldfastException {
        if (!path.startsWith("/")) {
            throw new HoldfastException(ErrorCode.INVALID, "the path '" + abbreviated(path) + "' is not absolute");
        }
        Names.bounded(path, LENGTH_MAX);
        List<String> names = new ArrayList<>();
        for (String name : split(path)) {
            if (!name.equals("..")) {
                names.add(name);
            } else if (!names.isEmpty()) {
                names.removeLast();
            }
        }
        return names;
    }

    /**
     * Returns the names in a symbolic link's target. Keeps {@code ..}: there it leads up from the directory that the
     * walk has reached.
     */
    static List<String> split(String target) {
        List<String> names = new ArrayList<>();
        int from = 0;
        for (int at = 0; at <= target.length(); at++) {
            if (at == target.length() || target.charAt(at) == '/') {
                String name = target.substring(from, at);
                if (!name.isEmpty() && !name.equals(".")) {
                    names.add(name);
                }
                from = at + 1;
            }
        }
        return names;
    }

    private static String abbreviated(String path) {
        return path.length() <= Names.LENGTH_MAX ? path : path.substring(0, Names.LENGTH_MAX) + "…";
    }
}
