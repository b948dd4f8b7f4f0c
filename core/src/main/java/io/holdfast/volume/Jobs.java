package io.holdfast.volume;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.List;

/**
 * The background work of a volume: what there is, and its control. Pauses and rates last until the job ends. Those of the freeing of removed files, and of a {@linkplain
 * CheckOptions#lasting lasting} check, outlast the mount: they are durable when the call returns, unless the volume cannot be written to. Thread-safe.
 */
public interface Jobs {
    /** No jobs. */
    Jobs NONE = new Jobs() {
        @Override
        public List<JobStatus> list() {
            return List.of();
        }

        @Override
        public void pause(long id) throws HoldfastException {
            throw unknown(id);
        }

        @Override
        public void resume(long id) throws HoldfastException {
            throw unknown(id);
        }

        @Override
        public void cancel(long id) throws HoldfastException {
            throw unknown(id);
        }

        @Override
        public void limit(long id, long bytesPerSecond) throws HoldfastException {
            throw unknown(id);
        }
    };

    /** Returns the error for the number of no job. */
    static HoldfastException unknown(long id) {
        return new HoldfastException(
                ErrorCode.NOT_FOUND, "there is no job %d; it may have ended; list the jobs".formatted(id));
    }

    /** Returns the jobs that there are, the oldest first. */
    List<JobStatus> list() throws HoldfastException;

    /**
     * Has a job read and write nothing more until it is resumed. What it has under way ends. No writer gets {@code NO_SPACE}
     * for a job that is paused: one that frees space goes on as far as space is needed. Does nothing to a paused job.
     *
     * @throws HoldfastException {@code NOT_FOUND} if there is no such job
     */
    void pause(long id) throws HoldfastException;

    /**
     * Lets a job go on. Does nothing to one that is not paused.
     *
     * @throws HoldfastException {@code NOT_FOUND} if there is no such job
     */
    void resume(long id) throws HoldfastException;

    /**
     * Ends a job soon, also a paused one. Who waits for its result gets {@code CANCELLED}.
     *
     * @throws HoldfastException {@code NOT_FOUND} if there is no such job; {@code INVALID} if it can only be paused
     */
    void cancel(long id) throws HoldfastException;

    /**
     * Bounds how much a job may move. It may still be slower, for the clients.
     *
     * @param bytesPerSecond at least 1; 0 for no bound
     * @throws HoldfastException {@code NOT_FOUND} if there is no such job; {@code INVALID}
     */
    void limit(long id, long bytesPerSecond) throws HoldfastException;
}
