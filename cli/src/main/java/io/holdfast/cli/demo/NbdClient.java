package io.holdfast.cli.demo;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A minimal NBD client: fixed newstyle handshake, {@code NBD_OPT_GO}, simple replies, and the commands that
 * {@link NbdWriter} needs. The numbers are from the protocol document of the NBD project (doc/proto.md). One thread
 * uses it. Several requests may be sent before their replies are read.
 */
final class NbdClient implements AutoCloseable {
    private static final long INIT_PASSWORD = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454f5054L;
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final short INFO_EXPORT = 0;
    private static final int CLIENT_FIXED_NEWSTYLE = 1;
    private static final int FLAG_MULTI_CONN = 1 << 8;
    private static final int OPTION_REPLY_MAX = 64 << 10;

    private static final short READ = 0;
    private static final short WRITE = 1;
    private static final short DISCONNECT = 2;
    private static final short FLUSH = 3;
    private static final short TRIM = 4;
    private static final short WRITE_ZEROES = 6;

    private final SocketChannel channel;
    private long cookie;
    private boolean multiConnection;

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    static NbdClient connect(Path socket, String export) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        NbdClient client = new NbdClient(channel);
        try {
            client.greet(export);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return client;
    }

    /** Returns whether a flush here covers what other connections wrote. */
    boolean multiConnection() {
        return multiConnection;
    }

    private void greet(String export) throws IOException {
        ByteBuffer hello = receive(18);
        if (hello.getLong() != INIT_PASSWORD || hello.getLong() != OPTION_MAGIC) {
            throw new IOException("this is not an NBD server");
        }
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer go = ByteBuffer.allocate(4 + 16 + 4 + name.length + 2);
        go.putInt(CLIENT_FIXED_NEWSTYLE).putLong(OPTION_MAGIC).putInt(OPTION_GO).putInt(4 + name.length + 2);
        go.putInt(name.length).put(name).putShort((short) 0);
        send(go.flip());
        boolean last = false;
        while (!last) {
            last = optionReply();
        }
    }

    /** Reads one reply to the option; returns true for the last one. */
    private boolean optionReply() throws IOException {
        ByteBuffer head = receive(20);
        long magic = head.getLong();
        head.getInt();
        int type = head.getInt();
        int length = head.getInt();
        if (magic != OPTION_REPLY_MAGIC || length < 0 || length > OPTION_REPLY_MAX) {
            throw new IOException("a reply to NBD_OPT_GO that makes no sense");
        }
        ByteBuffer data = receive(length);
        if (type == REPLY_INFO && length >= 12 && data.getShort() == INFO_EXPORT) {
            data.getLong();
            multiConnection = (data.getShort() & FLAG_MULTI_CONN) != 0;
        } else if (type < 0) {
            throw new IOException("the server refused the export: " + StandardCharsets.UTF_8.decode(data));
        }
        return type == REPLY_ACK;
    }

    /** Sends a write and does not wait for its reply. */
    void sendWrite(long offset, ByteBuffer data) throws IOException {
        send(request(WRITE, offset, data.remaining()), data);
    }

    /** Sends a discard and does not wait for its reply. */
    void sendTrim(long offset, int length) throws IOException {
        send(request(TRIM, offset, length));
    }

    /** Sends a write of zeroes and does not wait for its reply. */
    void sendZeroes(long offset, int length) throws IOException {
        send(request(WRITE_ZEROES, offset, length));
    }

    /** Waits for the replies of {@code count} requests that carry no data. */
    void awaitReplies(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            reply();
        }
    }

    /** Makes everything durable that was acknowledged before. */
    void flush() throws IOException {
        send(request(FLUSH, 0, 0));
        reply();
    }

    /** Fills {@code target} from {@code offset}. */
    void read(long offset, ByteBuffer target) throws IOException {
        sendRead(offset, target.remaining());
        awaitRead(target);
    }

    /** Sends a read and does not wait for its reply. */
    void sendRead(long offset, int length) throws IOException {
        send(request(READ, offset, length));
    }

    /** Waits for the reply of one read, which is the only request that is not answered, and fills {@code target}. */
    void awaitRead(ByteBuffer target) throws IOException {
        reply();
        fill(target);
    }

    private ByteBuffer request(short command, long offset, int length) {
        return ByteBuffer.allocate(28)
                .putInt(REQUEST_MAGIC)
                .putShort((short) 0)
                .putShort(command)
                .putLong(cookie++)
                .putLong(offset)
                .putInt(length)
                .flip();
    }

    private void reply() throws IOException {
        ByteBuffer reply = receive(16);
        if (reply.getInt() != SIMPLE_REPLY_MAGIC) {
            throw new IOException("a reply that makes no sense");
        }
        int error = reply.getInt();
        if (error != 0) {
            throw new IOException("the server answered with error " + error);
        }
    }

    private void send(ByteBuffer... parts) throws IOException {
        while (parts[parts.length - 1].hasRemaining()) {
            channel.write(parts);
        }
    }

    private ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(bytes);
        fill(target);
        return target.flip();
    }

    private void fill(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
    }

    /** Says goodbye if the server is still there. */
    @Override
    public void close() throws IOException {
        try (channel) {
            send(request(DISCONNECT, 0, 0));
        }
    }
}
