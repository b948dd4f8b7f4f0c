package io.holdfast.cli.peer;

import io.holdfast.cli.copy.Source;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Imports from an NBD server. Asks it which parts are zero, if it tells, and does not read those.
 *
 * <p>Invariant: offsets and lengths of requests are multiples of the server's smallest block.
 */
public final class NbdSource implements Source {
    /** How far one request for block status looks. The largest power of two whose multiples all servers take. */
    private static final int STATUS_BYTES = 1 << 30;

    private final String name;
    private final NbdClient client;
    private final Closeable server;
    /** What the server said of the parts ahead, in a row. */
    private final Deque<NbdClient.Status> ahead = new ArrayDeque<>();

    /**
     * Makes a source.
     *
     * @param name for messages
     * @param server closed after the client
     */
    public NbdSource(String name, NbdClient client, Closeable server) throws IOException {
        this.name = name;
        this.client = client;
        this.server = server;
        if (client.size() < 0) {
            throw new FileSystemException(name, null, "has 8 EiB or more");
        }
        if (client.size() % client.blockMin() != 0) {
            throw new FileSystemException(name, null, "has a size that is no multiple of its smallest block");
        }
    }

    @Override
    public long size() {
        return client.size();
    }

    @Override
    public long nextData(long offset) throws IOException {
        long at = offset;
        while (client.tellsHoles() && at < size()) {
            NbdClient.Status part = statusAt(at);
            if (!part.zero()) {
                break;
            }
            at = part.offset() + part.length();
        }
        at = Math.min(at, size());
        // The end of a part may lie within a block. Its begin is data that the importer reads with what is before it.
        return at == size() ? at : Math.max(offset, at - at % client.blockMin());
    }

    private NbdClient.Status statusAt(long offset) throws IOException {
        dropBefore(offset);
        if (ahead.isEmpty() || ahead.getFirst().offset() > offset) {
            ahead.clear();
            long from = offset - offset % client.blockMin();
            try {
                ahead.addAll(client.holes(from, (int) Math.min(STATUS_BYTES, size() - from)));
            } catch (IOException e) {
                throw named(offset, e);
            }
            dropBefore(offset);
        }
        if (ahead.isEmpty()) {
            throw named(offset, new IOException("the server says nothing of the block status there"));
        }
        return ahead.getFirst();
    }

    private void dropBefore(long offset) {
        while (!ahead.isEmpty() && ahead.getFirst().offset() + ahead.getFirst().length() <= offset) {
            ahead.removeFirst();
        }
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int start = target.position();
        int end = target.limit();
        int most = client.payloadMax() - client.payloadMax() % client.blockMin();
        while (target.position() < end) {
            long at = offset + target.position() - start;
            target.limit((int) Math.min(end, target.position() + (long) most));
            try {
                client.read(at, target);
            } catch (IOException e) {
                throw named(at, e);
            }
            target.limit(end);
        }
        return end - start;
    }

    private IOException named(long offset, IOException failure) {
        String why = failure instanceof ClosedChannelException ? "the connection was closed" : failure.getMessage();
        FileSystemException named = new FileSystemException(name, null, "at offset " + offset + ": " + why);
        named.initCause(failure);
        return named;
    }

    /** Does nothing: an export has one size as long as it is connected, and all of it was read. */
    @Override
    public void finish() {}

    @Override
    public void close() throws IOException {
        try (server) {
            client.close();
        } catch (IOException gone) {
            // All that was wanted of the server has been read, or that has failed with a reason already.
            System.getLogger(NbdSource.class.getName()).log(System.Logger.Level.DEBUG, "closing " + name, gone);
        }
    }
}
