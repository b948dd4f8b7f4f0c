package io.holdfast.sim.nbd;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.sim.model.ViolationException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A client's half of the protocol: sends options and requests, and takes replies apart. It knows the numbers of the
 * protocol and none of the server's encoders and decoders. A server that breaks the protocol is a violation.
 *
 * <p>One thread sends and one receives.
 */
public final class NbdSpeaker {
    private static final int HEADER = 28;

    private final SimConnection.End end;
    private final boolean structured;

    /** @param structured whether replies are to come in chunks */
    public NbdSpeaker(SimConnection.End end, boolean structured) {
        this.end = end;
        this.structured = structured;
    }

    public SimConnection.End end() {
        return end;
    }

    public boolean structured() {
        return structured;
    }

    /** No reply has come in the time that the client gives its server. */
    public static final class OverdueException extends IOException {
        private static final long serialVersionUID = 1;
    }

    // ---- the handshake ----

    /**
     * Chooses an export and returns its size.
     *
     * @param nanosMax how long the server may take
     * @return -1 if the server refuses it
     */
    public long choose(String export, long nanosMax) throws IOException {
        ByteBuffer greeting = receive(18, nanosMax);
        require(greeting.getLong() == Wire.NBD_MAGIC && greeting.getLong() == Wire.OPTION_MAGIC, "greeting");
        sendAll(clientFlags());
        if (structured) {
            sendAll(option(OptionType.STRUCTURED_REPLY, ByteBuffer.allocate(0)));
            if (info(nanosMax) < 0) {
                return -1;
            }
            sendAll(option(OptionType.SET_META_CONTEXT, metaContext(export)));
            if (info(nanosMax) < 0) {
                return -1;
            }
        }
        sendAll(go(export));
        return info(nanosMax);
    }

    /** Returns all that a client sends that does not wait for any answer of the handshake. */
    public static ByteBuffer hastyHandshake(String export) {
        ByteBuffer go = go(export);
        return ByteBuffer.allocate(4 + go.remaining())
                .put(clientFlags())
                .put(go)
                .flip();
    }

    private static ByteBuffer clientFlags() {
        return ByteBuffer.allocate(4)
                .putInt(Wire.HANDSHAKE_FIXED_NEWSTYLE | Wire.HANDSHAKE_NO_ZEROES)
                .flip();
    }

    private static ByteBuffer go(String export) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        return option(
                OptionType.GO,
                ByteBuffer.allocate(6 + name.length)
                        .putInt(name.length)
                        .put(name)
                        .putShort((short) 0)
                        .flip());
    }

    private static ByteBuffer metaContext(String export) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        byte[] context = Wire.BASE_ALLOCATION.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(12 + name.length + context.length)
                .putInt(name.length)
                .put(name)
                .putInt(1)
                .putInt(context.length)
                .put(context)
                .flip();
    }

    private static ByteBuffer option(OptionType type, ByteBuffer data) {
        return ByteBuffer.allocate(16 + data.remaining())
                .putLong(Wire.OPTION_MAGIC)
                .putInt(type.code())
                .putInt(data.remaining())
                .put(data)
                .flip();
    }

    /** Takes all replies to an option; returns the size of the export if one says it, 0 if none does, -1 for an error. */
    private long info(long nanosMax) throws IOException {
        long size = 0;
        while (true) {
            ByteBuffer header = receive(20, nanosMax);
            require(header.getLong() == Wire.OPTION_REPLY_MAGIC, "reply to an option");
            header.getInt();
            int type = header.getInt();
            ByteBuffer data = receive(header.getInt(), nanosMax);
            if (type < 0) {
                return -1;
            }
            if (type == 1) {
                return size;
            }
            if (type == 3 && data.getShort() == Wire.INFO_EXPORT) {
                size = data.getLong();
            }
        }
    }

    // ---- requests ----

    /**
     * Returns a request.
     *
     * @param payload what follows the header; empty unless it is a write
     */
    public static ByteBuffer request(
            CommandType type, int flags, long cookie, long offset, int length, ByteBuffer payload) {
        return ByteBuffer.allocate(HEADER + payload.remaining())
                .putInt(Wire.REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) type.code())
                .putLong(cookie)
                .putLong(offset)
                .putInt(length)
                .put(payload)
                .flip();
    }

    /** Sends all of the buffer. */
    public void sendAll(ByteBuffer bytes) throws IOException {
        ByteBuffer[] one = {bytes};
        while (bytes.hasRemaining()) {
            var ignored = end.write(one, 0, 1);
        }
    }

    // ---- replies ----

    /** Takes the parts of the replies. */
    public interface Replies {
        /** Returns how many bytes follow a reply that is not a chunk and reports no error. */
        int payloadOf(long cookie);

        /** Data of a read, from this offset of the export on. A reply that is not a chunk has offset -1: the request's. */
        void data(long cookie, long offset, ByteBuffer data);

        void hole(long cookie, long offset, int length);

        /** Block status: pairs of length and flags. */
        void status(long cookie, ByteBuffer descriptors);

        void error(long cookie, int error, String message);

        /** Nothing else follows of this reply. */
        void end(long cookie);
    }

    /**
     * Takes the next reply, or the next chunk of one.
     *
     * @param nanosMax how long the server may take
     * @throws OverdueException if it takes longer
     * @throws EOFException if the server has ended the connection
     */
    public void receive(Replies to, long nanosMax) throws IOException {
        ByteBuffer magic = receive(4, nanosMax);
        int value = magic.getInt();
        if (value == Wire.SIMPLE_REPLY_MAGIC) {
            simple(to, nanosMax);
        } else {
            require(structured && value == Wire.STRUCTURED_REPLY_MAGIC, "reply");
            chunk(to, nanosMax);
        }
    }

    private void simple(Replies to, long nanosMax) throws IOException {
        ByteBuffer rest = receive(12, nanosMax);
        int error = rest.getInt();
        long cookie = rest.getLong();
        if (error != 0) {
            to.error(cookie, error, "");
        } else {
            int length = to.payloadOf(cookie);
            if (length > 0) {
                require(!structured, "data in a simple reply");
                to.data(cookie, -1, receive(length, nanosMax));
            }
        }
        to.end(cookie);
    }

    private void chunk(Replies to, long nanosMax) throws IOException {
        ByteBuffer header = receive(16, nanosMax);
        int flags = Short.toUnsignedInt(header.getShort());
        int type = Short.toUnsignedInt(header.getShort());
        long cookie = header.getLong();
        ByteBuffer payload = receive(header.getInt(), nanosMax);
        switch (type) {
            case Wire.CHUNK_NONE -> require(!payload.hasRemaining(), "chunk without content");
            case Wire.CHUNK_OFFSET_DATA -> to.data(cookie, payload.getLong(), payload);
            case Wire.CHUNK_OFFSET_HOLE -> to.hole(cookie, payload.getLong(), payload.getInt());
            case Wire.CHUNK_BLOCK_STATUS -> {
                require(payload.getInt() == Wire.BASE_ALLOCATION_ID, "block status");
                to.status(cookie, payload);
            }
            case Wire.CHUNK_ERROR, Wire.CHUNK_ERROR_OFFSET -> {
                int error = payload.getInt();
                byte[] text = new byte[Short.toUnsignedInt(payload.getShort())];
                payload.get(text);
                to.error(cookie, error, new String(text, StandardCharsets.UTF_8));
            }
            default -> require(false, "chunk of type " + type);
        }
        if ((flags & Wire.REPLY_FLAG_DONE) != 0) {
            to.end(cookie);
        }
    }

    private ByteBuffer receive(int bytes, long nanosMax) throws IOException {
        require(bytes >= 0, "length");
        ByteBuffer target = ByteBuffer.allocate(bytes);
        while (target.hasRemaining()) {
            int n = end.readWithin(target, nanosMax);
            if (n < 0) {
                throw new EOFException("the server has ended the connection");
            }
            if (n == 0) {
                throw new OverdueException();
            }
        }
        return target.flip();
    }

    private static void require(boolean right, String what) {
        if (!right) {
            throw new ViolationException("the server sent a wrong " + what);
        }
    }
}
