package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.door.Slice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * NBD_CMD_READ. As a rule a reply has one content chunk. There are two exceptions: long runs of zeroes are sent as
 * holes, unless the client asked for one chunk (DF); and when the connection may have no more memory, the reading thread
 * reads and sends one chunk after the other.
 *
 * <p>When part of a read fails and the client takes chunks, it gets the data up to the first bad block, and an error
 * with the offset of that block.
 */
final class ReadCommand {
    private final Exchange exchange;
    private final StoredFile file;
    private final ReplyFormat format;

    ReadCommand(Exchange exchange) {
        this.exchange = exchange;
        this.file = exchange.file;
        this.format = exchange.negotiated.format();
    }

    void serve(Request request) {
        int length = (int) request.length();
        Job job = exchange.enter(request, length);
        if (length == 0) {
            exchange.reply(new Reply.Done(job));
            return;
        }
        Lease lease = exchange.lease(job, length);
        if (lease == null) {
            serveInSteps(job, length);
        } else {
            serve(job, lease);
        }
    }

    /** Reads into the lease. Nobody else can write to that memory, so the engine may verify checksums in place. */
    private void serve(Job job, Lease lease) {
        boolean queued = lease.count() == 1 && !exchange.isSerial();
        ReadQueue queue = queued ? exchange.reads() : ReadQueue.NONE;
        switch (read(queue, job, lease)) {
            case READ -> exchange.reply(data(job, lease));
            case REFUSED -> {
                if (queued) {
                    exchange.giveToWorker(() -> readPrepared(queue, job, lease));
                } else {
                    exchange.start(job, () -> read(job, lease));
                }
            }
            case STARTED -> exchange.handedOver();
        }
    }

    private ReadQueue.Answer read(ReadQueue queue, Job job, Lease lease) {
        try {
            return queue.read(job.request().offset(), lease.segment(0), good -> ended(job, lease, good));
        } catch (RuntimeException | Error e) {
            // The read may have started, and then the device still writes to the memory.
            exchange.keepForDevice(job);
            throw e;
        }
    }

    /**
     * Asks the queue again, on a worker, when memory knows where the data lie. So the many places of a long read are read
     * side by side.
     */
    private void readPrepared(ReadQueue queue, Job job, Lease lease) {
        ReadQueue.Answer answer = ReadQueue.Answer.REFUSED;
        try {
            queue.prepare(job.request().offset(), lease.length());
            answer = read(queue, job, lease);
        } catch (HoldfastException e) {
            // The read below finds out what it needs of it.
        } catch (RuntimeException | Error e) {
            exchange.giveUp(job, e);
            return;
        }
        switch (answer) {
            case READ -> exchange.finish(job, () -> data(job, lease));
            case REFUSED -> exchange.finish(job, () -> read(job, lease));
            case STARTED -> {}
        }
    }

    /**
     * Replies to a read of the queue; if the read failed, reads again on a worker, which also finds out why. Runs on
     * the queue's thread and must not throw. That thread sends once it has added the replies to all completed reads.
     */
    private void ended(Job job, Lease lease, boolean good) {
        try {
            if (job.hasLeft()) {
                // read() failed after the read had started; the memory goes back when the queue is closed.
                return;
            }
            if (good) {
                exchange.replies.add(data(job, lease));
            } else {
                exchange.handOn(job, () -> read(job, lease));
            }
        } catch (RuntimeException | Error e) {
            exchange.giveUp(job, e);
        }
    }

    private Reply read(Job job, Lease lease) {
        long offset = job.request().offset();
        int done = 0;
        try {
            for (int i = 0; i < lease.count(); i++) {
                readFully(offset + done, lease.segment(i));
                done = lease.start(i) + (int) lease.segment(i).byteSize();
            }
            return data(job, lease);
        } catch (HoldfastException e) {
            if (format.chunked()) {
                return partial(job, lease, done, e);
            }
            return exchange.failure(job, NbdError.of(e), Exchange.text(e));
        }
    }

    /** Adds all replies but the last and returns the last. If it throws, it has added none. */
    private Reply data(Job job, Lease lease) {
        return data(job, lease, job.request().offset(), true);
    }

    private Reply data(Job job, Lease lease, long base, boolean last) {
        exchange.meter.bytesRead.add(lease.length());
        if (!format.chunked() || Contents.isOneChunkOfData(lease)) {
            return new Reply.Data(job, lease, base, 0, lease.length(), true, last);
        }
        List<Reply> replies = Contents.of(job, lease, base, last);
        for (int i = 0; i < replies.size() - 1; i++) {
            exchange.replies.add(replies.get(i));
        }
        return replies.getLast();
    }

    /**
     * Sends the readable part of a lease whose first {@code start} bytes have been read, and returns the error for the
     * rest.
     */
    private Reply partial(Job job, Lease lease, int start, HoldfastException failure) {
        HoldfastException cause = failure;
        long offset = job.request().offset();
        MemorySegment segment = lease.segment(start / Slice.MAX);
        int good = 0;
        try {
            while (good < segment.byteSize()) {
                long toBoundary = Volume.BLOCK_SIZE - (offset + start + good) % Volume.BLOCK_SIZE;
                long step = Math.min(toBoundary, segment.byteSize() - good);
                readFully(offset + start + good, segment.asSlice(good, step));
                good += (int) step;
            }
        } catch (HoldfastException e) {
            cause = e;
        }
        if (good == segment.byteSize() || start + good == 0) {
            return exchange.failure(job, NbdError.of(cause), Exchange.text(cause));
        }
        exchange.meter.errors.increment();
        Reply end = new Reply.FailureAt(job, NbdError.of(cause), Exchange.text(cause), offset + start + good);
        exchange.replies.add(new Reply.Data(job, lease, offset, 0, start + good, true, false));
        return end;
    }

    private void readFully(long offset, MemorySegment target) throws HoldfastException {
        if (file.read(offset, target) < target.byteSize()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "the file was truncated to " + Long.toUnsignedString(file.size()) + " bytes while it is exported");
        }
    }

    private void serveInSteps(Job job, int length) {
        Request request = job.request();
        int stepMax = exchange.memory.stepBytes();
        if (length > stepMax && !format.chunked()) {
            streamSimple(job, length);
            return;
        }
        if (length > stepMax && request.has(Wire.FLAG_DF)) {
            exchange.replyNow(exchange.failure(
                    job, NbdError.EOVERFLOW, "the server is too busy for so long an unfragmented read"));
            return;
        }
        for (int done = 0; done < length; done += stepMax) {
            Lease step = exchange.memory.step(Math.min(stepMax, length - done));
            long offset = request.offset() + done;
            try {
                readFully(offset, step.segment(0));
            } catch (HoldfastException e) {
                exchange.meter.errors.increment();
                exchange.replyNow(
                        format.chunked()
                                ? new Reply.FailureAt(job, NbdError.of(e), Exchange.text(e), offset)
                                : new Reply.Failure(job, NbdError.of(e), Exchange.text(e)));
                return;
            }
            boolean last = done + step.length() == length;
            Reply data = data(job, step, offset, last);
            if (last) {
                exchange.replyNow(data);
            } else {
                exchange.replies.sendNow(data);
            }
        }
    }

    /** Streams a simple reply. It cannot report an error once it has begun, so this reads everything once before. */
    private void streamSimple(Job job, int length) {
        Request request = job.request();
        try {
            forEachStep(request.offset(), length, step -> {});
        } catch (IOException e) {
            NbdError error = e instanceof HoldfastException h ? NbdError.of(h) : NbdError.EIO;
            exchange.replyNow(exchange.failure(job, error, String.valueOf(e.getMessage())));
            return;
        }
        exchange.meter.bytesRead.add(length);
        exchange.replies.sendStream(transport -> {
            ByteBuffer header = ByteBuffer.allocate(ReplyFormat.HEADER_MAX);
            format.putData(header, request, request.offset(), length, true);
            transport.write(new ByteBuffer[] {header.flip()}, 1);
            forEachStep(request.offset(), length, step -> transport.write(new ByteBuffer[] {step}, 1));
        });
        exchange.leave(job);
    }

    private void forEachStep(long offset, int length, Step step) throws IOException {
        int stepMax = exchange.memory.stepBytes();
        for (int done = 0; done < length; done += stepMax) {
            Lease part = exchange.memory.step(Math.min(stepMax, length - done));
            readFully(offset + done, part.segment(0));
            step.accept(part.buffer(0));
        }
    }

    private interface Step {
        void accept(ByteBuffer data) throws IOException;
    }
}
