package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.ReplyFormat;
import java.nio.ByteBuffer;
import java.util.List;

/** A reply, or one chunk of it, on its way to the socket. */
sealed interface Reply {
    Job job();

    /** Puts the header and everything else that is not in a lease. */
    void putHeader(ByteBuffer out, ReplyFormat format);

    /** Appends what comes behind the header. */
    default void addPayload(List<ByteBuffer> buffers) {}

    /** Gives everything back; called once, after the reply was sent or given up. */
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
     * Data read at {@code offset}.
     *
     * @param length of the lease, that is sent
     * @param last no other chunk follows
     */
    record Data(Job job, Lease lease, long offset, int length, boolean last) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putData(out, job.request(), offset, length, last);
        }

        @Override
        public void addPayload(List<ByteBuffer> buffers) {
            addLeased(buffers, lease, length);
        }

        @Override
        public void release() {
            lease.release();
            if (last) {
                job.leave();
            }
        }
    }

    record BlockStatus(Job job, Lease lease, int length) implements Reply {
        @Override
        public void putHeader(ByteBuffer out, ReplyFormat format) {
            format.putBlockStatus(out, job.request(), length);
        }

        @Override
        public void addPayload(List<ByteBuffer> buffers) {
            addLeased(buffers, lease, length);
        }

        @Override
        public void release() {
            lease.release();
            job.leave();
        }
    }

    private static void addLeased(List<ByteBuffer> buffers, Lease lease, int length) {
        for (int i = 0; lease.start(i) < length; i++) {
            ByteBuffer buffer = lease.buffer(i);
            buffers.add(buffer.limit(Math.min(buffer.limit(), length - lease.start(i))));
        }
    }
}
