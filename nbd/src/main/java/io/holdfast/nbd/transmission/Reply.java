package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.door.Slice;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.ReplyFormat;
import java.nio.ByteBuffer;
import java.util.List;

/** A reply, or one chunk of it, on its way to the socket. */
sealed interface Reply {
    Job job();

    /** Writes the header and all else that is not in a lease. */
    void putHeader(ByteBuffer out, ReplyFormat format);

    /** Appends what comes behind the header. */
    default void addPayload(List<ByteBuffer> buffers) {}

    /**
     * Gives everything back; called once, after the reply was sent or given up. The last reply also gives back the
     * request's place.
     */
    void release();

    record Done(Job job) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putDone(out, job.request());
        }

        @Override
        public void release() {
            job.leave();
        }
    }

    record Failure(Job job, NbdError error, String message) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putError(out, job.request(), error, message);
        }

        @Override
        public void release() {
            job.leave();
        }
    }

    /** The last chunk of a read of which the part before {@code offset} was sent. */
    record FailureAt(Job job, NbdError error, String message, long offset) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putErrorAt(out, job.request(), error, message, offset);
        }

        @Override
        public void release() {
            job.leave();
        }
    }

    /**
     * Data of a read.
     *
     * @param base where in the export the lease begins
     * @param from where in the lease the data begins
     * @param length bytes, at least 1
     * @param frees release the lease with this reply; set on the last reply of a lease, since they are sent in order
     * @param last no other chunk of the request follows
     */
    record Data(Job job, Lease lease, long base, int from, int length, boolean frees, boolean last) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putData(out, job.request(), base + from, length, last);
        }

        @Override
        public void addPayload(List<ByteBuffer> buffers) {
            addLeased(buffers, lease, from, length);
        }

        @Override
        public void release() {
            end(job, lease, frees, last);
        }
    }

    /** Says that a part of a read is zeroes. The parameters are those of {@link Data}, but no data is sent. */
    record Hole(Job job, Lease lease, long base, int from, int length, boolean frees, boolean last) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putHole(out, job.request(), base + from, length, last);
        }

        @Override
        public void release() {
            end(job, lease, frees, last);
        }
    }

    record BlockStatus(Job job, Lease lease, int length) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putBlockStatus(out, job.request(), length);
        }

        @Override
        public void addPayload(List<ByteBuffer> buffers) {
            addLeased(buffers, lease, 0, length);
        }

        @Override
        public void release() {
            end(job, lease, true, true);
        }
    }

    private static void end(Job job, Lease lease, boolean frees, boolean last) {
        try {
            if (frees) {
                lease.release();
            }
        } finally {
            if (last) {
                job.leave();
            }
        }
    }

    private static void addLeased(List<ByteBuffer> buffers, Lease lease, int from, int length) {
        int end = from + length;
        for (int i = from / Slice.MAX; lease.start(i) < end; i++) {
            ByteBuffer buffer = lease.buffer(i);
            buffer.limit(Math.min(buffer.limit(), end - lease.start(i)));
            buffers.add(buffer.position(Math.max(0, from - lease.start(i))));
        }
    }
}
