package io.holdfast.cli.control;

import io.holdfast.cli.control.RequestHandler.Answer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One client at the control socket: reads requests one after the other and answers each.
 *
 * <p>Invariant: one thread at a time sends a frame. It is the thread that reads the requests; while that thread runs a
 * check, it is the holder of {@code progressLock}.
 */
final class ControlConnection implements Runnable, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ControlConnection.class.getName());
    private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** While the clients of the volume wait for a repair, they wait so long for one who does not read how far it is. */
    private static final Duration REPAIR_FRAME_TIME_MAX = Duration.ofSeconds(1);

    private final FrameChannel channel;
    private final Served served;
    private final ReentrantLock progressLock = new ReentrantLock();
    private long progressAt = System.nanoTime();
    private long repairStep;

    ControlConnection(FrameChannel channel, Served served) {
        this.channel = channel;
        this.served = served;
    }

    @Override
    public void run() {
        try (channel;
                RequestHandler handler = new RequestHandler(
                        served, new CommandUser(channel), this::sendProgress, this::sendRepairProgress)) {
            for (Optional<Frame> frame = channel.read(); frame.isPresent(); frame = channel.read()) {
                answer(handler, frame.get());
            }
        } catch (FrameException e) {
            LOG.log(
                    Level.WARNING,
                    "a control client broke the protocol and was cut off; commands and server should be of one version: {0}",
                    e.getMessage());
        } catch (IOException | UncheckedIOException e) {
            LOG.log(Level.DEBUG, "control connection ended: {0}", e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a control connection failed in an unexpected way", e);
        }
    }

    private void answer(RequestHandler handler, Frame frame) throws IOException {
        Request request;
        try {
            request = Codec.request(frame.json());
        } catch (FrameException e) {
            send(new Reply.Problem(ErrorCode.INVALID, RequestHandler.bounded(String.valueOf(e.getMessage()))));
            return;
        }
        try {
            Answer answer = handler.handle(request, frame.data());
            channel.write(new Frame(Codec.bytes(new Reply.Result(answer.value())), answer.data()));
        } catch (HoldfastException e) {
            send(new Reply.Problem(e.code(), RequestHandler.bounded(String.valueOf(e.getMessage()))));
        } catch (FrameException e) {
            send(new Reply.Problem(ErrorCode.NO_MEMORY, "the answer does not fit into one frame: " + e.getMessage()));
        } catch (UncheckedIOException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(Level.ERROR, "control request failed: " + request, e);
            send(
                    e instanceof OutOfMemoryError
                            ? new Reply.Problem(ErrorCode.NO_MEMORY, "the server has no memory for that now")
                            : new Reply.Problem(
                                    ErrorCode.FAILED, "a defect of the server stopped that; its log has what it was"));
        }
    }

    /**
     * Reports progress at most every 100 ms. Several threads of a check may call this at once; only one sends, the
     * others return.
     */
    private void sendProgress(long done, long total) {
        if (!progressLock.tryLock()) {
            return;
        }
        try {
            long now = System.nanoTime();
            if (now - progressAt >= PROGRESS_NANOS) {
                progressAt = now;
                send(new Reply.Step(done, total));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            progressLock.unlock();
        }
    }

    /** Reports which step of a repair is done: each once, and again at most every 100 ms. One thread calls this. */
    private void sendRepairProgress(long done, long total) {
        progressLock.lock();
        try {
            long now = System.nanoTime();
            if (done != repairStep || now - progressAt >= PROGRESS_NANOS) {
                repairStep = done;
                progressAt = now;
                Reply step = new Reply.Step(done, total);
                channel.write(new Frame(Codec.bytes(step), Frame.NO_DATA), REPAIR_FRAME_TIME_MAX);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            progressLock.unlock();
        }
    }

    private void send(Reply reply) throws IOException {
        channel.write(new Frame(Codec.bytes(reply), Frame.NO_DATA));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
