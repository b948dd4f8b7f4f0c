package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.Printable;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Converts names to bytes and back: strict UTF-8, so each name has one form and none is replaced silently. */
final class Names {
    static final int LENGTH_MAX = 255;

    private Names() {}

    /** Returns the name of a directory entry in bytes; throws {@code INVALID} or {@code NAME_TOO_LONG}. */
    static byte[] entry(String name) throws HoldfastException {
        if (name.indexOf('/') >= 0 || name.equals(".") || name.equals("..")) {
            throw new HoldfastException(ErrorCode.INVALID, "'" + name + "' cannot be a name");
        }
        return plain(name);
    }

    /** Returns the name of an extended attribute in bytes; it may have {@code /} and dots. */
    static byte[] attribute(String name) throws HoldfastException {
        return plain(name);
    }

    private static byte[] plain(String name) throws HoldfastException {
        if (name.isEmpty()) {
            throw new HoldfastException(ErrorCode.INVALID, "a name is empty");
        }
        if (name.indexOf('\0') >= 0) {
            throw new HoldfastException(ErrorCode.INVALID, "the name '" + Printable.of(name) + "' has a NUL");
        }
        return bounded(name, LENGTH_MAX);
    }

    /** Returns the bytes of a text; throws {@code INVALID}, or {@code NAME_TOO_LONG} above {@code max} bytes. */
    static byte[] bounded(String text, int max) throws HoldfastException {
        // A character takes at least a byte, so this bounds the length before anything is allocated.
        if (text.length() <= max) {
            try {
                ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
                if (bytes.remaining() <= max) {
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    return copy;
                }
            } catch (CharacterCodingException e) {
                throw new HoldfastException(ErrorCode.INVALID, "a name has half of a surrogate pair", e);
            }
        }
        throw new HoldfastException(ErrorCode.NAME_TOO_LONG, "a name is longer than " + max + " bytes of UTF-8");
    }

    /** Returns the text, or null if the bytes are not valid UTF-8. */
    static @Nullable String decode(byte[] bytes, int from, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** Returns the stored name of an attribute, or null if {@link #attribute} cannot have made it. */
    static @Nullable String storedAttribute(byte[] bytes) {
        String name = bytes.length > 0 ? decode(bytes, 0, bytes.length) : null;
        return name == null || name.indexOf('\0') >= 0 ? null : name;
    }

    /** Returns the stored name of a directory entry, or null if {@link #entry} cannot have made it. */
    static @Nullable String storedEntry(byte[] bytes, int from, int length) {
        String name = length > 0 && length <= LENGTH_MAX ? decode(bytes, from, length) : null;
        return name == null
                        || name.indexOf('/') >= 0
                        || name.indexOf('\0') >= 0
                        || name.equals(".")
                        || name.equals("..")
                ? null
                : name;
    }
}
