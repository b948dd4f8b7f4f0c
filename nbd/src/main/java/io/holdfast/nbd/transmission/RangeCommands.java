package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;

/**
 * The commands that have a range but no payload: NBD_CMD_FLUSH, NBD_CMD_TRIM, NBD_CMD_WRITE_ZEROES, NBD_CMD_CACHE. Each
 * runs on a worker, since each may block.
 */
final class RangeCommands {
    /** A cache request is a hint; the server reads at most this much for it. */
    static final long CACHE_MAX = Wire.PAYLOAD_MAX;

    private static final int CACHE_STEP = 64 << 10;

    private final Exchange exchange;
    private final StoredFile file;

    RangeCommands(Exchange exchange) {
        this.exchange = exchange;
        this.file = exchange.file;
    }

    void flush(Request request) {
        Job job = exchange.enter(request, 0);
        exchange.start(job, () -> {
            file.flush();
            return new Reply.Done(job);
        });
    }

    /** Frees the whole blocks in the range; trimming is advice, so parts of blocks are left as they are. */
    void trim(Request request) throws IOException {
        Job job = enterToChange(request);
        exchange.start(job, () -> {
            long first = Math.ceilDiv(request.offset(), Volume.BLOCK_SIZE) * Volume.BLOCK_SIZE;
            long end = request.offset() + request.length();
            if (end < exchange.negotiated.export().sizeNow()) {
                end -= end % Volume.BLOCK_SIZE;
            }
            if (end > first && first >= 0) {
                punch(first, end - first);
            }
            return durable(job);
        });
    }

    /**
     * Frees blocks for a trim. Behind the end of a file that was made smaller meanwhile a trim gets EINVAL; only writes
     * get ENOSPC.
     */
    private void punch(long offset, long length) throws HoldfastException {
        try {
            file.punch(offset, length);
        } catch (HoldfastException e) {
            throw e.code() == ErrorCode.BEYOND_END ? new HoldfastException(ErrorCode.INVALID, Exchange.text(e), e) : e;
        }
    }

    /** Zeroes a range by changing the file's map, which is fast at any length; so FAST_ZERO never needs to fail. */
    void writeZeroes(Request request) throws IOException {
        Job job = enterToChange(request);
        exchange.start(job, () -> {
            if (request.length() != 0 && request.has(Wire.FLAG_NO_HOLE)) {
                file.zero(request.offset(), request.length());
            } else if (request.length() != 0) {
                file.punch(request.offset(), request.length());
            }
            return durable(job);
        });
    }

    void cache(Request request) {
        Job job = exchange.enter(request, CACHE_STEP);
        Lease lease = exchange.lease(job, CACHE_STEP);
        if (lease == null) {
            // The request is only a hint, and the pool is empty: do nothing.
            exchange.reply(new Reply.Done(job));
            return;
        }
        exchange.start(job, () -> {
            try {
                long length = Math.min(request.length(), CACHE_MAX);
                for (long done = 0; done < length; done += CACHE_STEP) {
                    long step = Math.min(CACHE_STEP, length - done);
                    file.read(request.offset() + done, lease.segment(0).asSlice(0, step));
                }
                return new Reply.Done(job);
            } finally {
                lease.release();
            }
        });
    }

    private Job enterToChange(Request request) throws IOException {
        Job job = exchange.enter(request, 0);
        exchange.begin(job);
        return job;
    }

    private Reply durable(Job job) throws HoldfastException {
        job.changed();
        if (job.request().has(Wire.FLAG_FUA)) {
            file.flush();
        }
        return new Reply.Done(job);
    }
}
