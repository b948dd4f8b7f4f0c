package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.Extent;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * NBD_CMD_BLOCK_STATUS for base:allocation. A reply has at most {@link #EXTENTS_MAX} descriptors, however fragmented
 * the file is (CVE-2025-47711); the client asks again for the rest.
 *
 * <pre>
 * compact    context:32            then length:32 flags:32 each
 * extended   context:32 count:32   then length:64 flags:64 each
 * </pre>
 */
final class BlockStatusCommand {
    static final int EXTENTS_MAX = 8192;

    private static final int HEADER = 8;
    private static final int DESCRIPTOR = 16;

    private final Exchange exchange;
    private final boolean extended;

    BlockStatusCommand(Exchange exchange) {
        this.exchange = exchange;
        this.extended = exchange.negotiated.format() == ReplyFormat.EXTENDED;
    }

    void serve(Request request) {
        int extentsMax = request.has(Wire.FLAG_REQ_ONE) ? 1 : EXTENTS_MAX;
        int bytes = HEADER + extentsMax * DESCRIPTOR;
        Job job = exchange.enter(request, bytes);
        Lease lease = exchange.lease(job, bytes);
        if (lease == null) {
            int step = Math.min(bytes, exchange.memory.stepBytes());
            Lease own = exchange.memory.step(step);
            exchange.replyNow(exchange.attempt(job, () -> answer(job, own, (step - HEADER) / DESCRIPTOR)));
        } else {
            exchange.start(job, () -> answer(job, lease, extentsMax));
        }
    }

    private Reply answer(Job job, Lease lease, int extentsMax) throws HoldfastException {
        Request request = job.request();
        List<Extent> extents = exchange.file.map(request.offset(), request.length(), extentsMax);
        ByteBuffer out = lease.buffer(0);
        out.position(extended ? 8 : 4);
        int count = 0;
        long runLength = 0;
        int runFlags = 0;
        for (Extent extent : extents) {
            int flags = flags(extent.state());
            if (runLength > 0 && flags != runFlags) {
                putDescriptor(out, runLength, runFlags);
                count++;
                runLength = 0;
            }
            runFlags = flags;
            runLength += extent.length();
        }
        // If someone has made the file shorter there is no state behind its end. Flags 0, «not known», are always
        // allowed.
        putDescriptor(out, runLength > 0 ? runLength : request.length(), runFlags);
        count++;
        out.putInt(0, Wire.BASE_ALLOCATION_ID);
        if (extended) {
            out.putInt(4, count);
        }
        return new Reply.BlockStatus(job, lease, out.position());
    }

    private void putDescriptor(ByteBuffer out, long length, int flags) {
        if (extended) {
            out.putLong(length).putLong(flags);
        } else {
            out.putInt((int) length).putInt(flags);
        }
    }

    private static int flags(Extent.State state) {
        return switch (state) {
            case HOLE -> Wire.STATE_HOLE | Wire.STATE_ZERO;
            case UNWRITTEN -> Wire.STATE_ZERO;
            // A client that reads what is lost learns by an error of that read that it is.
            case WRITTEN, LOST -> 0;
        };
    }
}
