package io.holdfast.nbd.handshake;

import io.holdfast.error.Printable;
import io.holdfast.nbd.protocol.Wire;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The data of one option, in private memory. Every length inside is checked against what is left before it is used.
 */
final class OptionData {
    private final ByteBuffer data;

    OptionData(ByteBuffer data) {
        this.data = data;
    }

    int uint16() throws InvalidOptionException {
        need(2);
        return Short.toUnsignedInt(data.getShort());
    }

    /** Takes a 32-bit number, as an unsigned one. */
    long uint32() throws InvalidOptionException {
        need(4);
        return Integer.toUnsignedLong(data.getInt());
    }

    /** Takes a string that has its length in front. */
    String string() throws InvalidOptionException {
        return string(uint32());
    }

    /** Takes a string that is all the rest. */
    String rest() throws InvalidOptionException {
        return string(data.remaining());
    }

    int remaining() {
        return data.remaining();
    }

    void end() throws InvalidOptionException {
        if (data.hasRemaining()) {
            throw new InvalidOptionException(data.remaining() + " bytes too many in the option");
        }
    }

    private String string(long length) throws InvalidOptionException {
        need(length);
        if (length > Wire.STRING_MAX) {
            throw new InvalidOptionException("a string of " + length + " bytes is too long");
        }
        try {
            ByteBuffer bytes = data.slice(data.position(), (int) length);
            data.position(data.position() + (int) length);
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            if (text.indexOf('\0') >= 0) {
                throw new InvalidOptionException(
                        "the string '" + Printable.of(text) + "' has a NUL, which no string of the protocol may have");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new InvalidOptionException("a string is not valid UTF-8");
        }
    }

    private void need(long bytes) throws InvalidOptionException {
        if (bytes > data.remaining()) {
            throw new InvalidOptionException(
                    "a length of " + bytes + " reaches beyond the option, which has " + data.remaining() + " left");
        }
    }

    /** The option is malformed. The client gets an error and may go on. */
    static final class InvalidOptionException extends Exception {
        InvalidOptionException(String message) {
            super(message);
        }
    }
}
