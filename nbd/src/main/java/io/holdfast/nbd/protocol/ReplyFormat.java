package io.holdfast.nbd.protocol;

import java.nio.ByteBuffer;

/**
 * The format of replies, chosen in the handshake, and the encoder of their headers.
 *
 * <pre>
 * simple               structured chunk          extended chunk
 *  0  0x67446698        0  0x668e33ef             0  0x6e8a278c
 *  4  error:32          4  flags:16 type:16       4  flags:16 type:16
 *  8  cookie:64         8  cookie:64              8  cookie:64
 * 16  data             16  length:32             16  offset:64 (the request's)
 *                      20  payload               24  length:64
 *                                                32  payload
 * </pre>
 */
public enum ReplyFormat {
    SIMPLE,
    STRUCTURED,
    EXTENDED;

    /** Error messages are cut at this many bytes. */
    public static final int MESSAGE_MAX = 1024;

    /** The longest header, with everything that comes before the data. */
    public static final int HEADER_MAX = 32 + 6 + MESSAGE_MAX + 8;

    /** Returns whether errors and data come in chunks. */
    public boolean chunked() {
        return this != SIMPLE;
    }

    /** Writes the header in front of {@code length} bytes that were read at {@code offset}. */
    public void putData(ByteBuffer out, Request request, long offset, int length, boolean done) {
        if (this == SIMPLE) {
            putSimple(out, request, 0);
        } else {
            putChunk(out, request, done, Wire.CHUNK_OFFSET_DATA, 8L + length);
            out.putLong(offset);
        }
    }

    /** Writes a whole chunk that says: {@code length} bytes from {@code offset} on are zeroes. Only chunks can say it. */
    public void putHole(ByteBuffer out, Request request, long offset, int length, boolean done) {
        putChunk(out, request, done, Wire.CHUNK_OFFSET_HOLE, 12);
        out.putLong(offset).putInt(length);
    }

    /** Writes the header in front of {@code length} bytes of block status, which only chunks can carry. */
    public void putBlockStatus(ByteBuffer out, Request request, int length) {
        int type = this == EXTENDED ? Wire.CHUNK_BLOCK_STATUS_EXT : Wire.CHUNK_BLOCK_STATUS;
        putChunk(out, request, true, type, length);
    }

    /** Writes a whole reply that says: done, no error. */
    public void putDone(ByteBuffer out, Request request) {
        if (this == SIMPLE) {
            putSimple(out, request, 0);
        } else {
            putChunk(out, request, true, Wire.CHUNK_NONE, 0);
        }
    }

    /** Writes a whole reply that says: failed; simple replies have no room for the message. */
    public void putError(ByteBuffer out, Request request, NbdError error, String message) {
        if (this == SIMPLE) {
            putSimple(out, request, error.code());
        } else {
            byte[] text = Text.message(message, MESSAGE_MAX);
            putChunk(out, request, true, Wire.CHUNK_ERROR, 6L + text.length);
            out.putInt(error.code()).putShort((short) text.length).put(text);
        }
    }

    /** Writes the last chunk of a read that failed at {@code offset}; what was sent before it is valid. */
    public void putErrorAt(ByteBuffer out, Request request, NbdError error, String message, long offset) {
        byte[] text = Text.message(message, MESSAGE_MAX);
        putChunk(out, request, true, Wire.CHUNK_ERROR_OFFSET, 14L + text.length);
        out.putInt(error.code()).putShort((short) text.length).put(text).putLong(offset);
    }

    private static void putSimple(ByteBuffer out, Request request, int error) {
        out.putInt(Wire.SIMPLE_REPLY_MAGIC).putInt(error).putLong(request.cookie());
    }

    private void putChunk(ByteBuffer out, Request request, boolean done, int type, long length) {
        short flags = (short) (done ? Wire.REPLY_FLAG_DONE : 0);
        out.putInt(this == EXTENDED ? Wire.EXTENDED_REPLY_MAGIC : Wire.STRUCTURED_REPLY_MAGIC);
        out.putShort(flags).putShort((short) type).putLong(request.cookie());
        if (this == EXTENDED) {
            out.putLong(request.offset()).putLong(length);
        } else {
            out.putInt((int) length);
        }
    }
}
