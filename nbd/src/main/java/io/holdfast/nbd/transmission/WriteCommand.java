package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * NBD_CMD_WRITE. The payload lands in the server's own memory, which no client can change.
 *
 * <p>A short payload that has already arrived goes to the engine straight from the input buffer. Any other payload
 * moves to a lease, and a worker writes it. From 64 KiB on the engine writes it to the device at once from the lease,
 * which is less work than copying it into pages and from there into a log record. When the connection may have no more
 * memory, the reading thread receives and writes step by step.
 */
final class WriteCommand {
    private static final Set<WriteFlag> NOWAIT = Set.of(WriteFlag.NOWAIT);
    private static final Set<WriteFlag> FUA = Set.of(WriteFlag.FUA);

    private final Exchange exchange;
    private final StoredFile file;
    private final LongWrites longWrites;

    WriteCommand(Exchange exchange) {
        this.exchange = exchange;
        this.file = exchange.file;
        this.longWrites = new LongWrites(exchange);
    }

    void serve(Request request) throws IOException {
        int length = (int) request.length();
        Job job = exchange.enter(request, length);
        if (length == 0) {
            exchange.reply(new Reply.Done(job));
            return;
        }
        if (!request.has(Wire.FLAG_FUA)
                && length < Exchange.INLINE_MAX
                && exchange.input.available() >= length
                && serveNow(job, length)) {
            return;
        }
        Lease lease = exchange.lease(job, length);
        if (lease == null) {
            serveInSteps(job, length);
        } else {
            receive(job, lease);
            if (length >= Exchange.INLINE_MAX && !request.has(Wire.FLAG_FUA)) {
                Exchange.Work alone = () -> write(job, lease);
                if (!exchange.ranHere(job, alone)) {
                    longWrites.start(new LongWrites.LongWrite(job, lease, alone));
                }
            } else {
                // Writes that wait for a flush share one; the more of them wait at once, the better.
                exchange.start(job, () -> write(job, lease));
            }
        }
    }

    /** Writes from the input buffer if the engine need not wait, and only then consumes the payload. */
    private boolean serveNow(Job job, int length) throws IOException {
        ByteBuffer input = exchange.input.require(length);
        exchange.begin(job);
        try {
            file.write(job.request().offset(), exchange.input.peek(length), NOWAIT);
        } catch (HoldfastException e) {
            job.changed();
            return false;
        }
        input.position(input.position() + length);
        exchange.reply(exchange.written(job));
        return true;
    }

    private void receive(Job job, Lease lease) throws IOException {
        if (exchange.input.available() < lease.length()) {
            exchange.replies.flush();
        }
        for (int i = 0; i < lease.count(); i++) {
            exchange.input.readFully(lease.buffer(i));
        }
        exchange.begin(job);
    }

    private Reply write(Job job, Lease lease) throws HoldfastException {
        try {
            boolean durable = job.request().has(Wire.FLAG_FUA);
            for (int i = 0; i < lease.count(); i++) {
                file.write(
                        job.request().offset() + lease.start(i),
                        lease.segment(i),
                        durable && lease.count() == 1 ? FUA : Set.of());
            }
            if (durable && lease.count() > 1) {
                file.flush();
            }
            return exchange.written(job);
        } finally {
            lease.release();
        }
    }

    private void serveInSteps(Job job, int length) throws IOException {
        Request request = job.request();
        exchange.replies.flush();
        int stepMax = exchange.memory.stepBytes();
        @Nullable HoldfastException failure = null;
        for (int done = 0; done < length; done += stepMax) {
            Lease step = exchange.memory.step(Math.min(stepMax, length - done));
            exchange.input.readFully(step.buffer(0));
            // Each step is a change of its own, because a successor must not wait for a slow client between two steps.
            exchange.begin(job);
            if (failure == null) {
                failure = tryWrite(request.offset() + done, step.segment(0));
            }
            job.changed();
        }
        if (failure != null) {
            exchange.replyNow(exchange.failure(job, NbdError.of(failure), Exchange.text(failure)));
            return;
        }
        exchange.replyNow(exchange.attempt(job, () -> {
            if (request.has(Wire.FLAG_FUA)) {
                file.flush();
            }
            return exchange.written(job);
        }));
    }

    private @Nullable HoldfastException tryWrite(long offset, MemorySegment source) {
        try {
            file.write(offset, source);
            return null;
        } catch (HoldfastException e) {
            return e;
        }
    }
}
