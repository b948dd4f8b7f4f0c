package io.holdfast.nbd.handshake;

import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.Text;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.nbd.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Sends the server's side of the handshake.
 *
 * <p>Invariants: only the connection's thread uses this. Replies go out in order, at the latest with {@link #send}. The
 * buffer has room for the longest string of the protocol.
 */
final class OptionReplies {
    private static final int HEADER = 20;
    private static final int MESSAGE_MAX = 1024;

    private final Transport transport;
    private final ByteBuffer out = ByteBuffer.allocateDirect(16 << 10);

    OptionReplies(Transport transport) {
        this.transport = transport;
    }

    void greet() throws IOException {
        room(18).putLong(Wire.NBD_MAGIC).putLong(Wire.OPTION_MAGIC).putShort((short)
                (Wire.HANDSHAKE_FIXED_NEWSTYLE | Wire.HANDSHAKE_NO_ZEROES));
        send();
    }

    void ack(int option) throws IOException {
        header(option, OptionReply.ACK, 0);
    }

    void error(int option, OptionReply reply, String message) throws IOException {
        byte[] text = Text.message(message, MESSAGE_MAX);
        header(option, reply, text.length).put(text);
    }

    void server(int option, String name) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        header(option, OptionReply.SERVER, 4 + text.length).putInt(text.length).put(text);
    }

    void metaContext(int option, int id, String name) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        header(option, OptionReply.META_CONTEXT, 4 + text.length).putInt(id).put(text);
    }

    void infoExport(int option, long size, int flags) throws IOException {
        header(option, OptionReply.INFO, 12)
                .putShort((short) Wire.INFO_EXPORT)
                .putLong(size)
                .putShort((short) flags);
    }

    void infoName(int option, String name) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        header(option, OptionReply.INFO, 2 + text.length)
                .putShort((short) Wire.INFO_NAME)
                .put(text);
    }

    void infoBlockSize(int option, int minimum, int preferred, int payloadMax) throws IOException {
        header(option, OptionReply.INFO, 14)
                .putShort((short) Wire.INFO_BLOCK_SIZE)
                .putInt(minimum)
                .putInt(preferred)
                .putInt(payloadMax);
    }

    /** Answers EXPORT_NAME, the old way into transmission: this reply has no header. */
    void exportName(long size, int flags, boolean zeroes) throws IOException {
        room(134).putLong(size).putShort((short) flags).put(new byte[zeroes ? 124 : 0]);
    }

    void send() throws IOException {
        out.flip();
        transport.write(new ByteBuffer[] {out}, 1);
        out.clear();
    }

    private ByteBuffer header(int option, OptionReply reply, int length) throws IOException {
        return room(HEADER + length)
                .putLong(Wire.OPTION_REPLY_MAGIC)
                .putInt(option)
                .putInt(reply.code())
                .putInt(length);
    }

    private ByteBuffer room(int bytes) throws IOException {
        if (out.remaining() < bytes) {
            send();
        }
        return out;
    }
}
