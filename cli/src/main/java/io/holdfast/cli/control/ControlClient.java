package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.transport.SocketDirectory;
import io.holdfast.volume.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.databind.JsonNode;

/**
 * The client's end of a control connection.
 *
 * <p>Invariant: one exchange at a time; a connection that failed once is closed and fails from then on.
 */
final class ControlClient implements AutoCloseable {
    private final FrameChannel channel;
    private final Watchdog watchdog;
    private final Path path;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean introduced;
    private volatile boolean closed;

    private ControlClient(FrameChannel channel, Watchdog watchdog, Path path) {
        this.channel = channel;
        this.watchdog = watchdog;
        this.path = path;
    }

    /**
     * Connects.
     *
     * @throws IOException if nobody listens there
     */
    static ControlClient connect(Path path) throws IOException {
        SocketChannel socket = SocketDirectory.connect(path);
        Watchdog watchdog = new Watchdog();
        return new ControlClient(new FrameChannel(socket, watchdog, FrameChannel.FRAME_TIME_MAX), watchdog, path);
    }

    /** The answer to a request. */
    record Result(JsonNode value, ByteBuffer data) {}

    Result call(Request request) throws HoldfastException {
        return call(request, Frame.NO_DATA, Progress.NONE);
    }

    <T> T call(Request request, Class<T> type) throws HoldfastException {
        return decode(call(request), type);
    }

    byte[] callForBytes(Request request) throws HoldfastException {
        ByteBuffer data = call(request).data();
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        return bytes;
    }

    /** Tells the server this process's id before the first file is opened. An older server does not know the request. */
    void introduce() throws HoldfastException {
        lock.lock();
        try {
            if (!introduced) {
                introduced = true;
                call(new VolumeRequest.Hello(ProcessHandle.current().pid()));
            }
        } catch (HoldfastException e) {
            if (e.code() != ErrorCode.UNSUPPORTED) {
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    <T> T decode(Result result, Class<T> type) throws HoldfastException {
        try {
            return Codec.value(result.value(), type);
        } catch (FrameException e) {
            throw lost(e);
        }
    }

    <T> List<T> callForList(Request request, Class<T> element) throws HoldfastException {
        return decodeList(call(request).value(), element);
    }

    <T> List<T> decodeList(JsonNode list, Class<T> element) throws HoldfastException {
        try {
            return Codec.list(list, element);
        } catch (FrameException e) {
            throw lost(e);
        }
    }

    /** Sends a request with data and waits for its answer. */
    Result call(Request request, ByteBuffer data, Progress progress) throws HoldfastException {
        lock.lock();
        try {
            if (closed) {
                throw new FrameException("the connection is closed");
            }
            channel.write(new Frame(Codec.bytes(request), data));
            while (true) {
                Optional<Frame> frame = channel.read();
                if (frame.isEmpty()) {
                    throw new FrameException("the server closed the connection");
                }
                switch (Codec.reply(frame.get().json())) {
                    case Reply.Result(var value) -> {
                        return new Result(value, frame.get().data());
                    }
                    case Reply.Problem problem -> throw problem.toException();
                    case Reply.Step(var done, var total) -> progress.update(done, total);
                }
            }
        } catch (HoldfastException e) {
            throw e;
        } catch (IOException e) {
            close();
            throw lost(e);
        } catch (RuntimeException e) {
            close();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends the last request of this connection and waits for its answer, at most {@code max}; then the connection is closed. Does nothing if another exchange is under
     * way or the connection is closed: the server notices the end of the connection by itself, only later.
     */
    void callLast(Request request, Duration max) {
        if (!lock.tryLock()) {
            return;
        }
        try {
            if (!closed) {
                Future<?> deadline = watchdog.closeAfter(max, channel);
                try {
                    call(request);
                } finally {
                    deadline.cancel(false);
                }
            }
        } catch (HoldfastException | RejectedExecutionException e) {
            // The server is gone or does not answer, or another thread has closed the connection meanwhile.
            System.getLogger(ControlClient.class.getName())
                    .log(System.Logger.Level.DEBUG, "the last request of a control connection", e);
        } finally {
            lock.unlock();
        }
    }

    ServerLostException lost(IOException cause) {
        return new ServerLostException(
                "lost the server of the volume at " + path + " (" + cause.getMessage()
                        + "); see whether it still runs, and run the command again",
                cause);
    }

    @Override
    public void close() {
        closed = true;
        watchdog.close();
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(ControlClient.class.getName())
                    .log(System.Logger.Level.DEBUG, "closing the control connection", e);
        }
    }
}
