package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A client that sends exactly what the test wants, right or wrong. Written from the protocol document, independently of
 * the server's codecs.
 */
final class TestClient implements AutoCloseable {
    private final AutoCloseable socket;
    DataInputStream in;
    DataOutputStream out;
    boolean structured;
    boolean extended;

    TestClient(AutoCloseable socket, InputStream in, OutputStream out) {
        this.socket = socket;
        this.in = new DataInputStream(in);
        this.out = new DataOutputStream(new BufferedOutputStream(out, 1 << 16));
    }

    /** Connects and sends nothing. */
    static TestClient connect(NbdAddress address) throws IOException {
        SocketChannel channel = switch (address) {
            case NbdAddress.Unix unix -> SocketChannel.open(UnixDomainSocketAddress.of(unix.path()));
            case NbdAddress.Tcp tcp -> SocketChannel.open(new InetSocketAddress(tcp.host(), tcp.port()));
        };
        return new TestClient(channel, Channels.newInputStream(channel), new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
        });
    }

    /** Connects and goes through the greeting. */
    static TestClient greet(NbdAddress address) throws IOException {
        TestClient client = connect(address);
        client.greeting(Wire.HANDSHAKE_FIXED_NEWSTYLE | Wire.HANDSHAKE_NO_ZEROES);
        return client;
    }

    /** Connects and enters transmission. */
    static TestClient open(NbdAddress address, String export, Mode mode) throws IOException {
        TestClient client = greet(address);
        client.negotiate(export, mode);
        return client;
    }

    /** The formats of requests and replies in transmission. */
    enum Mode {
        SIMPLE,
        STRUCTURED,
        EXTENDED
    }

    void greeting(int flags) throws IOException {
        assertThat(in.readLong()).isEqualTo(0x4e42444d41474943L);
        assertThat(in.readLong()).isEqualTo(0x49484156454F5054L);
        assertThat(in.readUnsignedShort()).isEqualTo(3);
        out.writeInt(flags);
        out.flush();
    }

    Info negotiate(String export, Mode mode) throws IOException {
        if (mode == Mode.STRUCTURED) {
            assertThat(ask(OptionType.STRUCTURED_REPLY, new byte[0]).error()).isNull();
        } else if (mode == Mode.EXTENDED) {
            assertThat(ask(OptionType.EXTENDED_HEADERS, new byte[0]).error()).isNull();
        }
        if (mode != Mode.SIMPLE) {
            assertThat(ask(OptionType.SET_META_CONTEXT, metaQuery(export, "base:allocation"))
                            .error())
                    .isNull();
        }
        return go(export, mode);
    }

    Info go(String export, Mode mode) throws IOException {
        Answer answer = ask(OptionType.GO, infoRequest(export, 3));
        assertThat(answer.error()).isNull();
        structured = mode == Mode.STRUCTURED;
        extended = mode == Mode.EXTENDED;
        return answer.info();
    }

    static byte[] infoRequest(String export, int... infos) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + name.length + 2 * infos.length);
        data.putInt(name.length).put(name).putShort((short) infos.length);
        for (int info : infos) {
            data.putShort((short) info);
        }
        return data.array();
    }

    static byte[] metaQuery(String export, String... queries) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        int length = 8 + name.length;
        for (String query : queries) {
            length += 4 + query.length();
        }
        ByteBuffer data =
                ByteBuffer.allocate(length).putInt(name.length).put(name).putInt(queries.length);
        for (String query : queries) {
            data.putInt(query.length()).put(query.getBytes(StandardCharsets.US_ASCII));
        }
        return data.array();
    }

    /** One reply to an option. */
    record OptionMessage(int type, byte[] data) {}

    /** The size and flags of an export, and its block sizes if they were sent. */
    record Info(long size, int flags, int minimum, int preferred, int maximum) {}

    /** All replies to an option. */
    record Answer(List<OptionMessage> messages) {
        /** The final reply if it is an error. */
        OptionReply error() {
            OptionMessage last = messages.getLast();
            for (OptionReply reply : OptionReply.values()) {
                if (reply.isError() && reply.code() == last.type()) {
                    return reply;
                }
            }
            assertThat(last.type()).isEqualTo(1);
            return null;
        }

        String message() {
            return new String(messages.getLast().data(), StandardCharsets.UTF_8);
        }

        List<String> strings(int type) {
            return messages.stream()
                    .filter(m -> m.type() == type)
                    .map(m -> new String(m.data(), 4, m.data().length - 4, StandardCharsets.UTF_8))
                    .toList();
        }

        Info info() {
            long size = 0;
            int flags = 0;
            int[] blocks = new int[3];
            for (OptionMessage message : messages) {
                ByteBuffer data = ByteBuffer.wrap(message.data());
                if (message.type() == 3) {
                    switch (data.getShort()) {
                        case 0 -> {
                            size = data.getLong();
                            flags = Short.toUnsignedInt(data.getShort());
                        }
                        case 3 -> data.asIntBuffer().get(blocks);
                        default -> {}
                    }
                }
            }
            return new Info(size, flags, blocks[0], blocks[1], blocks[2]);
        }
    }

    Answer ask(OptionType option, byte[] data) throws IOException {
        return ask(option.code(), data);
    }

    Answer ask(int option, byte[] data) throws IOException {
        sendOption(option, data.length, data);
        List<OptionMessage> messages = new ArrayList<>();
        do {
            assertThat(in.readLong()).isEqualTo(0x3e889045565a9L);
            assertThat(in.readInt()).isEqualTo(option);
            int type = in.readInt();
            messages.add(new OptionMessage(type, in.readNBytes(in.readInt())));
        } while (messages.getLast().type() > 1);
        return new Answer(messages);
    }

    void sendOption(int option, int length, byte[] data) throws IOException {
        out.writeLong(0x49484156454F5054L);
        out.writeInt(option);
        out.writeInt(length);
        out.write(data);
        out.flush();
    }

    void request(CommandType type, int flags, long cookie, long offset, long length) throws IOException {
        request(type.code(), flags, cookie, offset, length);
    }

    void request(int type, int flags, long cookie, long offset, long length) throws IOException {
        header(type, flags, cookie, offset, length);
        out.flush();
    }

    private void header(int type, int flags, long cookie, long offset, long length) throws IOException {
        out.writeInt(extended ? 0x21e41c71 : 0x25609513);
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeLong(offset);
        if (extended) {
            out.writeLong(length);
        } else {
            out.writeInt((int) length);
        }
    }

    void sendWrite(int flags, long cookie, long offset, byte[] data) throws IOException {
        int all = flags | (extended ? Wire.FLAG_PAYLOAD_LEN : 0);
        header(CommandType.WRITE.code(), all, cookie, offset, data.length);
        out.write(data);
        out.flush();
    }

    /** One chunk, or a simple reply shown as one. */
    record Chunk(boolean done, int type, long cookie, byte[] payload) {
        ByteBuffer buffer() {
            return ByteBuffer.wrap(payload);
        }

        /** The error value, 0 for none. */
        int error() {
            return (type & 0x8000) == 0 ? 0 : buffer().getInt();
        }

        String message() {
            return new String(payload, 6, Short.toUnsignedInt(buffer().getShort(4)), StandardCharsets.UTF_8);
        }
    }

    /** Receives a reply; {@code readLength} is the length of data in a simple reply. */
    Chunk receive(int readLength) throws IOException {
        int magic = in.readInt();
        if (magic == 0x67446698) {
            assertThat(extended).isFalse();
            int error = in.readInt();
            long cookie = in.readLong();
            return error == 0
                    ? new Chunk(true, 0, cookie, in.readNBytes(readLength))
                    : new Chunk(
                            true,
                            0x8001,
                            cookie,
                            ByteBuffer.allocate(6).putInt(error).array());
        }
        assertThat(magic).isEqualTo(extended ? 0x6e8a278c : 0x668e33ef);
        boolean done = in.readUnsignedShort() == 1;
        int type = in.readUnsignedShort();
        long cookie = in.readLong();
        if (extended) {
            in.readLong();
        }
        long length = extended ? in.readLong() : in.readInt();
        return new Chunk(done, type, cookie, in.readNBytes(Math.toIntExact(length)));
    }

    /** Sends a request without payload and returns its only chunk. */
    Chunk call(CommandType type, int flags, long offset, long length) throws IOException {
        request(type, flags, 77, offset, length);
        Chunk chunk = receive(0);
        assertThat(chunk.cookie()).isEqualTo(77);
        assertThat(chunk.done()).isTrue();
        return chunk;
    }

    int write(int flags, long offset, byte[] data) throws IOException {
        sendWrite(flags, 78, offset, data);
        Chunk chunk = receive(0);
        assertThat(chunk.cookie()).isEqualTo(78);
        return chunk.error();
    }

    /** Reads, and fails unless all of it comes, each byte once and without error. */
    byte[] read(int flags, long offset, int length) throws IOException {
        byte[] data = new byte[length];
        Arrays.fill(data, (byte) 0xa5);
        int seen = 0;
        for (Chunk chunk : readChunks(flags, offset, length)) {
            if (!structured && !extended) {
                return chunk.payload();
            }
            ByteBuffer payload = chunk.buffer();
            int at = Math.toIntExact(payload.getLong() - offset);
            int bytes = chunk.type() == 2 ? payload.getInt() : payload.remaining();
            if (chunk.type() == 2) {
                Arrays.fill(data, at, at + bytes, (byte) 0);
            } else {
                payload.get(data, at, bytes);
            }
            seen += bytes;
        }
        assertThat(seen).isEqualTo(length);
        return data;
    }

    /** Reads, and returns the content chunks; a simple reply is shown as one. */
    List<Chunk> readChunks(int flags, long offset, int length) throws IOException {
        request(CommandType.READ, flags, 79, offset, length);
        List<Chunk> chunks = new ArrayList<>();
        do {
            Chunk chunk = receive(length);
            assertThat(chunk.error()).isZero();
            assertThat(chunk.cookie()).isEqualTo(79);
            if (structured || extended) {
                assertThat(chunk.type()).isIn(1, 2);
            }
            chunks.add(chunk);
        } while (!chunks.getLast().done());
        return chunks;
    }

    /** Waits for the server to end the connection. */
    void expectEnd() {
        try {
            while (in.read() >= 0) {
                // Skip what was still on its way.
            }
        } catch (EOFException e) {
            // The server closed the connection in order.
        } catch (IOException e) {
            // A reset is an end too.
        }
    }

    @Override
    public void close() throws IOException {
        try {
            socket.close();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
