package io.holdfast.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * The header of a request, as sent. Only its magic has been checked.
 *
 * <pre>
 * compact                                  extended
 *  0  0x25609513                            0  0x21e41c71
 *  4  flags:16 type:16                      4  flags:16 type:16
 *  8  cookie:64                             8  cookie:64
 * 16  offset:64                            16  offset:64
 * 24  length:32                            24  length:64
 * </pre>
 *
 * @param cookie opaque; goes back in every reply
 * @param offset unsigned
 * @param length unsigned; the length of the payload or of the range of the export, see {@link #payloadLength}
 */
public record Request(boolean extended, int flags, int type, long cookie, long offset, long length) {
    public static final int COMPACT_BYTES = 28;
    public static final int EXTENDED_BYTES = 32;

    /** The server cannot know where the next request begins. Read as an unsigned length, this exceeds every bound. */
    public static final long PAYLOAD_UNKNOWN = -1;

    /** Takes a header from the buffer's position on. */
    public static Request parse(ByteBuffer buffer, boolean extended) throws ProtocolException {
        int magic = buffer.getInt();
        if (magic != (extended ? Wire.EXTENDED_REQUEST_MAGIC : Wire.REQUEST_MAGIC)) {
            throw new ProtocolException("bad request magic 0x" + Integer.toHexString(magic));
        }
        int flags = Short.toUnsignedInt(buffer.getShort());
        int type = Short.toUnsignedInt(buffer.getShort());
        long cookie = buffer.getLong();
        long offset = buffer.getLong();
        long length = extended ? buffer.getLong() : Integer.toUnsignedLong(buffer.getInt());
        return new Request(extended, flags, type, cookie, offset, length);
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /**
     * Returns how many bytes follow the header, unsigned, or {@link #PAYLOAD_UNKNOWN}. This alone says where the next
     * request begins, so it depends on the header alone and not on whether the request is served.
     *
     * <p>A write has a payload with and without PAYLOAD_LEN: with extended headers QEMU 8.2 and later send it without
     * the flag, and libnbd can be told to send it with the flag behind a compact header. With extended headers the flag
     * gives every other command a payload, known or not. Behind a compact header the flag has no defined meaning.
     */
    public long payloadLength() {
        if (type == CommandType.WRITE.code()) {
            return length;
        }
        if (!has(Wire.FLAG_PAYLOAD_LEN) || length == 0) {
            return 0;
        }
        return extended ? length : PAYLOAD_UNKNOWN;
    }

    /** Returns the request with another range length, for a payload that carries its own. */
    public Request withLength(long bytes) {
        return new Request(extended, flags, type, cookie, offset, bytes);
    }
}
