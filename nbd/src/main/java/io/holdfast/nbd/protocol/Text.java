package io.holdfast.nbd.protocol;

import io.holdfast.error.Printable;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Strings of the protocol, which are UTF-8 and have at most {@link Wire#STRING_MAX} bytes. */
public final class Text {
    private Text() {}

    /** Returns the text in UTF-8, cut between characters at {@code bytesMax} bytes. */
    public static byte[] cut(String text, int bytesMax) {
        ByteBuffer cut = ByteBuffer.allocate(bytesMax);
        var ignored = StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE)
                .encode(CharBuffer.wrap(text), cut, true);
        byte[] bytes = new byte[cut.position()];
        cut.flip().get(bytes);
        return bytes;
    }

    /**
     * Returns a message for a person at the client, in UTF-8 and cut. Control characters are escaped, since it may
     * contain any name.
     */
    public static byte[] message(String text, int bytesMax) {
        return cut(Printable.of(text), bytesMax);
    }

    /** Returns whether the text fits into a string of the protocol. */
    public static boolean fits(String text) {
        return text.length() <= Wire.STRING_MAX / 3
                || (text.length() <= Wire.STRING_MAX && bytes(text) <= Wire.STRING_MAX);
    }

    /** Returns how long the text is in UTF-8. */
    public static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
