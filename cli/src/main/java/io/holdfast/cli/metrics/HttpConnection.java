package io.holdfast.cli.metrics;

import io.holdfast.cli.metrics.HttpRequest.Malformed;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.InstantSource;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * One request and its answer. The connection ends with the answer, so what a request carries behind its head is never read.
 *
 * <p>Invariant: a client that takes longer for its request, or for taking the answer, than it may is cut off: a task that waits closes its
 * socket, which ends what the thread does with it.
 */
final class HttpConnection {
    static final int REQUEST_SECONDS = 5;
    static final int RESPONSE_SECONDS = 10;

    /** Each call takes a buffer outside the heap as long as what it moves, and there is little memory for these. */
    private static final int PIECE = 16 << 10;

    private final SocketChannel socket;
    private final ScheduledExecutorService deadlines;

    HttpConnection(SocketChannel socket, ScheduledExecutorService deadlines) {
        this.socket = socket;
        this.deadlines = deadlines;
    }

    /**
     * Serves it; the caller closes the socket.
     *
     * @throws IOException if the client is gone, or was cut off
     */
    void serve(Function<HttpRequest, HttpAnswer> answers) throws IOException {
        Future<?> deadline = closeIn(REQUEST_SECONDS);
        HttpAnswer answer;
        boolean bodyWanted = true;
        try {
            HttpRequest request = read();
            bodyWanted = !request.method().equals("HEAD");
            answer = answers.apply(request);
        } catch (Malformed e) {
            answer = HttpAnswer.line(e.status(), String.valueOf(e.getMessage()));
        } finally {
            deadline.cancel(false);
        }
        deadline = closeIn(RESPONSE_SECONDS);
        try {
            byte[] body = answer.bytesOfBody();
            write(answer.head(body.length, InstantSource.system().instant()));
            if (bodyWanted) {
                write(body);
            }
            socket.shutdownOutput();
        } finally {
            deadline.cancel(false);
        }
    }

    private Future<?> closeIn(int seconds) {
        return deadlines.schedule(
                () -> {
                    socket.close();
                    return null;
                },
                seconds,
                TimeUnit.SECONDS);
    }

    private HttpRequest read() throws IOException, Malformed {
        ByteBuffer bytes = ByteBuffer.allocate(HttpRequest.BYTES_MAX);
        while (bytes.hasRemaining()) {
            if (socket.read(bytes) < 0) {
                throw new EOFException("the client went away in the middle of its request");
            }
            int length = HttpRequest.lengthOf(bytes.array(), bytes.position());
            if (length > 0) {
                return HttpRequest.parse(bytes.array(), length);
            }
        }
        throw new Malformed(431, "the head of a request has at most " + HttpRequest.BYTES_MAX + " bytes");
    }

    private void write(byte[] bytes) throws IOException {
        for (int from = 0; from < bytes.length; from += PIECE) {
            ByteBuffer piece = ByteBuffer.wrap(bytes, from, Math.min(PIECE, bytes.length - from));
            while (piece.hasRemaining()) {
                socket.write(piece);
            }
        }
    }
}
