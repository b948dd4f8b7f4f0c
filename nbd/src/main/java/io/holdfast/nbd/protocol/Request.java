package io.holdfast.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * The header of a request, as sent. Nothing in it was checked but the magic.
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
 * @param length unsigned; of the payload or of the range of the export, see {@link #payloadLength}
 */
public record Request(boolean extended, int flags, int type, long cookie, long offset, long length) {
    public static final int COMPACT_BYTES = 28;
    public static final int EXTENDED_BYTES = 32;

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
     * Returns how many bytes follow the header, unsigned. With compact headers only a write has a payload; with
     * extended headers the flag says so.
     */
    public long payloadLength() {
        boolean payload = extended ? has(Wire.FLAG_PAYLOAD_LEN) : type == CommandType.WRITE.code();
        return payload ? length : 0;
    }

    /** Returns the request with another range length, for a payload that carries its own. */
    public Request withLength(long bytes) {
        return new Request(extended, flags, type, cookie, offset, bytes);
    }
}
