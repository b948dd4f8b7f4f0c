package io.holdfast.cli.peer;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * An NBD client: {@code NBD_OPT_GO}, or a handshake of before, and simple replies. With {@link #connectToRead} also structured
 * replies, block status and the server's block sizes, as far as the server has them. The numbers are from the protocol
 * document of the NBD project (doc/proto.md). One thread uses it. Several requests may be sent before their replies are read.
 *
 * <p>Invariant: nothing that a server sends makes this take more memory than {@value #OPTION_REPLY_MAX} bytes, or {@value
 * #STATUS_BYTES_MAX} for block status.
 */
public final class NbdClient implements AutoCloseable {
    private static final long INIT_PASSWORD = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454f5054L;
    private static final long OLDSTYLE_MAGIC = 0x420281861253L;
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    private static final int OPTION_EXPORT_NAME = 1;
    private static final int OPTION_GO = 7;
    private static final int OPTION_STRUCTURED_REPLY = 8;
    private static final int OPTION_SET_META_CONTEXT = 10;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int REPLY_META_CONTEXT = 4;
    private static final int ERROR_UNSUPPORTED = 0x80000001;
    private static final int ERROR_TLS_REQUIRED = 0x80000005;
    private static final int ERROR_UNKNOWN = 0x80000006;
    private static final short INFO_EXPORT = 0;
    private static final short INFO_BLOCK_SIZE = 3;
    private static final int FLAG_FIXED_NEWSTYLE = 1;
    private static final int FLAG_NO_ZEROES = 2;
    private static final int FLAG_MULTI_CONN = 1 << 8;
    private static final int OPTION_REPLY_MAX = 64 << 10;
    private static final int OPTION_REPLIES_MAX = 64;
    private static final int PAYLOAD_DEFAULT = 32 << 20;
    private static final int BLOCK_MIN_MAX = 64 << 10;
    private static final int STATUS_BYTES_MAX = 1 << 20;

    private static final int CHUNK_DONE = 1;
    private static final int CHUNK_NONE = 0;
    private static final int CHUNK_DATA = 1;
    private static final int CHUNK_HOLE = 2;
    private static final int CHUNK_STATUS = 5;
    private static final int CHUNK_ERROR = 1 << 15;
    private static final int STATE_ZERO = 2;

    private static final long STALL_MILLIS = 120_000;

    private static final short READ = 0;
    private static final short WRITE = 1;
    private static final short DISCONNECT = 2;
    private static final short FLUSH = 3;
    private static final short TRIM = 4;
    private static final short WRITE_ZEROES = 6;
    private static final short BLOCK_STATUS = 7;

    private final SocketChannel channel;
    /** Wakes up when the server takes or sends something. */
    private final Selector selector;

    private final SelectionKey key;
    private final long stallMillis;
    private long cookie;
    private long readOffset;
    private boolean multiConnection;
    private boolean structured;
    private OptionalInt allocationContext = OptionalInt.empty();
    private long size;
    private int blockMin = 1;
    private int payloadMax = PAYLOAD_DEFAULT;

    private NbdClient(SocketChannel channel, Selector selector, long stallMillis) throws IOException {
        this.channel = channel;
        this.selector = selector;
        this.stallMillis = stallMillis;
        channel.configureBlocking(false);
        this.key = channel.register(selector, 0);
    }

    /** Connects for reads, writes and simple replies. */
    public static NbdClient connect(Path socket, String export) throws IOException {
        return connect(UnixDomainSocketAddress.of(socket), export, false, STALL_MILLIS);
    }

    /** Connects for reads and block status alone, with all that the server offers for it. */
    public static NbdClient connectToRead(SocketAddress address, String export) throws IOException {
        return connectToRead(address, export, STALL_MILLIS);
    }

    /**
     * Connects for reads and block status alone.
     *
     * @param stallMillis how long the server may neither take nor send anything while something is wanted of it
     */
    static NbdClient connectToRead(SocketAddress address, String export, long stallMillis) throws IOException {
        return connect(address, export, true, stallMillis);
    }

    private static NbdClient connect(SocketAddress address, String export, boolean toRead, long stallMillis)
            throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        Selector selector = null;
        boolean done = false;
        try {
            selector = Selector.open();
            NbdClient client = new NbdClient(channel, selector, stallMillis);
            client.greet(export, toRead);
            done = true;
            return client;
        } finally {
            if (!done) {
                channel.close();
                if (selector != null) {
                    selector.close();
                }
            }
        }
    }

    /** Returns whether a flush here covers what other connections wrote. */
    public boolean multiConnection() {
        return multiConnection;
    }

    /** Returns the size of the export in bytes; negative if it is 8 EiB or more. */
    public long size() {
        return size;
    }

    /** Returns what offsets and lengths of requests must be multiples of, in bytes; a power of two. */
    public int blockMin() {
        return blockMin;
    }

    /** Returns how many bytes a read may ask for, a multiple of {@link #blockMin} and, if it can be, of what the server prefers. */
    public int payloadMax() {
        return payloadMax;
    }

    /** Returns whether {@link #holes} works. */
    public boolean tellsHoles() {
        return allocationContext.isPresent();
    }

    private void greet(String export, boolean toRead) throws IOException {
        ByteBuffer hello = receive(18);
        if (hello.getLong() != INIT_PASSWORD) {
            throw new IOException("this is not an NBD server");
        }
        long style = hello.getLong();
        if (style == OLDSTYLE_MAGIC) {
            takeOnly(hello, export);
            return;
        }
        if (style != OPTION_MAGIC) {
            throw new IOException("this is not an NBD server");
        }
        int flags = hello.getShort() & (FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES);
        // The client's flags have the same numbers as those of the server that it takes up.
        send(ByteBuffer.allocate(4).putInt(flags).flip());
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        if ((flags & FLAG_FIXED_NEWSTYLE) == 0) {
            takeByName(name, flags);
            return;
        }
        if (toRead) {
            sendOption(OPTION_STRUCTURED_REPLY, ByteBuffer.allocate(0));
            structured = awaitOption(OPTION_STRUCTURED_REPLY, false);
        }
        if (structured) {
            byte[] context = "base:allocation".getBytes(StandardCharsets.US_ASCII);
            ByteBuffer query = ByteBuffer.allocate(4 + name.length + 4 + 4 + context.length);
            query.putInt(name.length).put(name).putInt(1).putInt(context.length).put(context);
            sendOption(OPTION_SET_META_CONTEXT, query.flip());
            awaitOption(OPTION_SET_META_CONTEXT, false);
        }
        ByteBuffer go = ByteBuffer.allocate(4 + name.length + 4);
        go.putInt(name.length).put(name);
        if (toRead) {
            go.putShort((short) 1).putShort(INFO_BLOCK_SIZE);
        } else {
            go.putShort((short) 0);
        }
        sendOption(OPTION_GO, go.flip());
        boolean taken;
        try {
            taken = awaitOption(OPTION_GO, true);
        } catch (EOFException e) {
            throw new IOException("the server closed the connection when asked for the export; its log says why", e);
        }
        if (!taken) {
            takeByName(name, flags);
        }
    }

    /** Takes the one export of a server from before 2011, whose greeting has its size at once. */
    private void takeOnly(ByteBuffer hello, String export) throws IOException {
        if (!export.isEmpty()) {
            throw new IOException(
                    "the server has one export, which has no name; leave '" + export + "' out of the URI");
        }
        ByteBuffer greeting =
                ByteBuffer.allocate(136).put(hello).put(receive(134)).flip();
        size = greeting.getLong();
        multiConnection = (greeting.getInt() & FLAG_MULTI_CONN) != 0;
    }

    /** Takes the export as servers from before 2016 know it. One that has no such export closes the connection. */
    private void takeByName(byte[] name, int flags) throws IOException {
        sendOption(OPTION_EXPORT_NAME, ByteBuffer.wrap(name));
        ByteBuffer export;
        try {
            export = receive(10);
        } catch (EOFException e) {
            throw new IOException(
                    "the server closed the connection when asked for the export; has it one of this name?", e);
        }
        size = export.getLong();
        multiConnection = (export.getShort() & FLAG_MULTI_CONN) != 0;
        if ((flags & FLAG_NO_ZEROES) == 0) {
            receive(124);
        }
    }

    private void sendOption(int option, ByteBuffer data) throws IOException {
        ByteBuffer head =
                ByteBuffer.allocate(16).putLong(OPTION_MAGIC).putInt(option).putInt(data.remaining());
        send(head.flip(), data);
    }

    /**
     * Reads the replies to an option.
     *
     * @param needed fail if the server refuses, unless it does not know the option
     * @return whether the server took it
     */
    private boolean awaitOption(int option, boolean needed) throws IOException {
        for (int replies = 0; replies < OPTION_REPLIES_MAX; replies++) {
            ByteBuffer head = receive(20);
            long magic = head.getLong();
            int answered = head.getInt();
            int type = head.getInt();
            int length = head.getInt();
            if (magic != OPTION_REPLY_MAGIC || answered != option || length < 0 || length > OPTION_REPLY_MAX) {
                throw new IOException("the server's reply to option " + option + " makes no sense");
            }
            ByteBuffer data = receive(length);
            if (type < 0) {
                if (needed && type != ERROR_UNSUPPORTED) {
                    throw refusal(type, data);
                }
                return false;
            }
            switch (type) {
                case REPLY_ACK -> {
                    return true;
                }
                case REPLY_INFO -> takeInfo(data);
                case REPLY_META_CONTEXT -> {
                    if (length >= 4) {
                        allocationContext = OptionalInt.of(data.getInt());
                    }
                }
                default -> {} // of an extension that was not asked for
            }
        }
        throw new IOException("the server's replies to option " + option + " do not end");
    }

    private static IOException refusal(int type, ByteBuffer data) {
        String text = StandardCharsets.UTF_8.decode(data).toString();
        return switch (type) {
            case ERROR_UNKNOWN ->
                new HoldfastException(
                        ErrorCode.NOT_FOUND, "the server refused the export: it has none of this name" + said(text));
            case ERROR_TLS_REQUIRED ->
                new IOException("the server refused the export: it wants TLS; let another client read it:"
                        + " nbdcopy nbds://… - | holdfast import - VOLUME PATH" + said(text));
            default -> new IOException("the server refused the export" + said(text));
        };
    }

    private static String said(String text) {
        return text.isBlank() ? "" : ": " + text;
    }

    private void takeInfo(ByteBuffer data) throws IOException {
        if (data.remaining() < 2) {
            return;
        }
        short kind = data.getShort();
        if (kind == INFO_EXPORT && data.remaining() >= 10) {
            size = data.getLong();
            multiConnection = (data.getShort() & FLAG_MULTI_CONN) != 0;
        } else if (kind == INFO_BLOCK_SIZE && data.remaining() >= 12) {
            blockMin = data.getInt();
            long preferred = Integer.toUnsignedLong(data.getInt());
            long max = Integer.toUnsignedLong(data.getInt());
            if (blockMin <= 0 || Integer.bitCount(blockMin) != 1 || blockMin > BLOCK_MIN_MAX || max < blockMin) {
                throw new IOException("the server's block sizes make no sense: at least "
                        + Integer.toUnsignedLong(blockMin) + ", best " + preferred + ", at most " + max + " bytes");
            }
            // No more than what all servers take: one that names no limit names 2^32 - 1.
            long most = Math.min(max, PAYLOAD_DEFAULT);
            long multiple =
                    preferred >= blockMin && preferred <= most && preferred % blockMin == 0 ? preferred : blockMin;
            payloadMax = (int) (most - most % multiple);
        }
    }

    /** Sends a write and does not wait for its reply. */
    public void sendWrite(long offset, ByteBuffer data) throws IOException {
        send(request(WRITE, offset, data.remaining()), data);
    }

    /** Sends a discard and does not wait for its reply. */
    public void sendTrim(long offset, int length) throws IOException {
        send(request(TRIM, offset, length));
    }

    /** Sends a write of zeroes and does not wait for its reply. */
    public void sendZeroes(long offset, int length) throws IOException {
        send(request(WRITE_ZEROES, offset, length));
    }

    /** Waits for the replies of {@code count} requests that carry no data. */
    public void awaitReplies(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            reply();
        }
    }

    /** Makes everything durable that was acknowledged before. */
    public void flush() throws IOException {
        send(request(FLUSH, 0, 0));
        reply();
    }

    /** Fills {@code target} from {@code offset}. */
    public void read(long offset, ByteBuffer target) throws IOException {
        sendRead(offset, target.remaining());
        awaitRead(target);
    }

    /** Sends a read and does not wait for its reply. */
    public void sendRead(long offset, int length) throws IOException {
        readOffset = offset;
        send(request(READ, offset, length));
    }

    /** Waits for the reply of one read, which is the only request that is not answered, and fills {@code target}. */
    public void awaitRead(ByteBuffer target) throws IOException {
        if (structured) {
            awaitChunks(target);
        } else {
            reply();
            fill(target);
        }
    }

    /** Fills {@code target} from chunks, which may come in any order and must cover all of it once. */
    private void awaitChunks(ByteBuffer target) throws IOException {
        int start = target.position();
        int wanted = target.remaining();
        long base = readOffset;
        int got = 0;
        Chunk chunk;
        do {
            chunk = chunk();
            if (chunk.type == CHUNK_NONE && chunk.length == 0 && chunk.done) {
                continue;
            }
            boolean data = chunk.type == CHUNK_DATA && chunk.length > 8;
            if (!data && (chunk.type != CHUNK_HOLE || chunk.length != 12)) {
                throw nonsense();
            }
            long at = receive(8).getLong() - base;
            int length = data ? chunk.length - 8 : receive(4).getInt();
            if (at < 0 || length <= 0 || at > wanted - length || got > wanted - length) {
                throw nonsense();
            }
            ByteBuffer part = target.duplicate().position(start + (int) at).limit(start + (int) at + length);
            if (data) {
                fill(part);
            } else {
                MemorySegment.ofBuffer(part).fill((byte) 0);
            }
            got += length;
        } while (!chunk.done);
        if (got != wanted) {
            throw nonsense();
        }
        target.position(start + wanted);
    }

    /** The head of a chunk of a structured reply. */
    private record Chunk(boolean done, int type, int length) {}

    private Chunk chunk() throws IOException {
        ByteBuffer head = receive(20);
        if (head.getInt() != STRUCTURED_REPLY_MAGIC) {
            throw nonsense();
        }
        boolean done = (head.getShort() & CHUNK_DONE) != 0;
        int type = head.getShort() & 0xFFFF;
        head.getLong();
        int length = head.getInt();
        if ((type & CHUNK_ERROR) == 0) {
            return new Chunk(done, type, length);
        }
        if (length < 6 || length > OPTION_REPLY_MAX) {
            throw nonsense();
        }
        ByteBuffer error = receive(length);
        int number = error.getInt();
        int chars = error.getShort() & 0xFFFF;
        String text = StandardCharsets.UTF_8
                .decode(error.limit(Math.min(error.limit(), error.position() + chars)))
                .toString();
        throw failure(number, text);
    }

    private static IOException failure(int number, String text) {
        String name = switch (number) {
            case 1 -> "not permitted";
            case 5 -> "I/O error";
            case 12 -> "no memory";
            case 22 -> "invalid request";
            case 28 -> "no space";
            case 75 -> "too large";
            case 95 -> "not supported";
            case 108 -> "the server is shutting down";
            default -> "error " + number;
        };
        return new IOException(
                "the server answered with error " + number + ": " + name + (text.isEmpty() ? "" : " (" + text + ")"));
    }

    private static IOException nonsense() {
        return new IOException("a reply that makes no sense");
    }

    /** A part of the export; {@code zero} says that all of it reads as zeroes. */
    public record Status(long offset, long length, boolean zero) {}

    /**
     * Asks which parts are zero.
     *
     * @param length how far to look at most, in bytes
     * @return parts in a row that begin at {@code offset}, at least one; they may end before or behind what was asked for
     */
    public List<Status> holes(long offset, int length) throws IOException {
        send(request(BLOCK_STATUS, offset, length));
        List<Status> parts = new ArrayList<>();
        Chunk chunk;
        do {
            chunk = chunk();
            if (chunk.type == CHUNK_NONE && chunk.length == 0 && chunk.done) {
                continue;
            }
            if (chunk.type != CHUNK_STATUS
                    || chunk.length < 12
                    || chunk.length > STATUS_BYTES_MAX
                    || !parts.isEmpty()) {
                throw nonsense();
            }
            ByteBuffer data = receive(chunk.length);
            if (data.getInt() != allocationContext.orElseThrow()) {
                throw nonsense();
            }
            for (long at = offset; data.remaining() >= 8; at += parts.getLast().length) {
                long part = data.getInt() & 0xFFFF_FFFFL;
                if (part == 0) {
                    throw nonsense();
                }
                parts.add(new Status(at, part, (data.getInt() & STATE_ZERO) != 0));
            }
        } while (!chunk.done);
        if (parts.isEmpty()) {
            throw nonsense();
        }
        return parts;
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
            throw nonsense();
        }
        int error = reply.getInt();
        if (error != 0) {
            throw failure(error, "");
        }
    }

    private void send(ByteBuffer... parts) throws IOException {
        while (Arrays.stream(parts).anyMatch(ByteBuffer::hasRemaining)) {
            if (channel.write(parts) == 0) {
                await(SelectionKey.OP_WRITE);
            }
        }
    }

    private ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(bytes);
        fill(target);
        return target.flip();
    }

    private void fill(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            int read = channel.read(target);
            if (read < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (read == 0) {
                await(SelectionKey.OP_READ);
            }
        }
    }

    private void await(int operation) throws IOException {
        try {
            key.interestOps(operation);
            if (selector.select(stallMillis) == 0 && selector.isOpen()) {
                throw new IOException("the server has not answered for " + stallMillis / 1000 + " s");
            }
            selector.selectedKeys().clear();
        } catch (CancelledKeyException | ClosedSelectorException e) {
            throw new ClosedChannelException();
        }
    }

    /** Says goodbye if the server is still there. */
    @Override
    public void close() throws IOException {
        try (selector;
                channel) {
            // One write: a server that takes nothing any more needs no goodbye.
            channel.write(request(DISCONNECT, 0, 0));
        }
    }
}
