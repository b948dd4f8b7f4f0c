package io.holdfast.sim.nbd;

import io.holdfast.nbd.transport.Connection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connection in memory: two ends, and a {@link Pipe} in each direction. It behaves as a socket does. A write returns when
 * its last byte has found room; a read returns what is there. Every transfer is a point at which other threads may come
 * between, and moves any part of what could be moved.
 *
 * <p>Invariant: {@code lock} guards both pipes and both ends. No thread pauses while it holds it.
 */
public final class SimConnection {
    private final Medium medium;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final End server;
    private final End client;

    /**
     * Connects two ends.
     *
     * @param toServer how many bytes the client may send that the server has not read
     * @param toClient how many bytes the server may send that the client has not read
     */
    public SimConnection(Medium medium, int toServer, int toClient) {
        this.medium = medium;
        Pipe in = new Pipe(toServer);
        Pipe out = new Pipe(toClient);
        server = new End(in, out);
        client = new End(out, in);
    }

    public End server() {
        return server;
    }

    public End client() {
        return client;
    }

    /** One end. */
    public final class End implements Connection {
        private final Pipe in;
        private final Pipe out;
        private boolean closed;
        private boolean inputShut;
        private long closedAt;
        private long sendingLeft = Long.MAX_VALUE;
        private long receivingLeft = Long.MAX_VALUE;

        private End(Pipe in, Pipe out) {
            this.in = in;
            this.out = out;
        }

        /** Lets the connection break from this end when so many more bytes have been written or read. */
        public void breakAfter(long sent, long received) {
            sendingLeft = sent;
            receivingLeft = received;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            medium.pause();
            lock.lock();
            try {
                while (!isReadable(target)) {
                    changed.awaitUninterruptibly();
                }
                return take(target);
            } finally {
                lock.unlock();
            }
        }

        /** Reads as {@link #read(ByteBuffer)}, but waits for {@code nanos} at most; returns 0 if nothing has come. */
        public int readWithin(ByteBuffer target, long nanos) throws IOException {
            medium.pause();
            lock.lock();
            try {
                long end = medium.nanoTime() + nanos;
                for (long rest = nanos; !isReadable(target) && rest > 0; rest = end - medium.nanoTime()) {
                    medium.await(lock, changed, rest);
                }
                return isReadable(target) ? take(target) : 0;
            } catch (InterruptedException e) {
                throw new IOException("interrupted", e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public long read(ByteBuffer target, ByteBuffer next) throws IOException {
            int n = read(target);
            return n < 0 || target.hasRemaining() ? n : n + (long) Math.max(0, readNow(next));
        }

        @Override
        public int readNow(ByteBuffer target) throws IOException {
            medium.pause();
            lock.lock();
            try {
                return isReadable(target) ? take(target) : 0;
            } finally {
                lock.unlock();
            }
        }

        /** Returns whether a read need not wait; throws if this end can read no more. */
        private boolean isReadable(ByteBuffer target) throws IOException {
            requireOpen();
            if (in.broken) {
                throw new IOException("Connection reset by peer");
            }
            return inputShut || in.ended || in.filled() > 0 || !target.hasRemaining();
        }

        private int take(ByteBuffer target) throws IOException {
            int most = Math.min(in.filled(), target.remaining());
            if (inputShut || (in.ended && in.filled() == 0)) {
                return -1;
            }
            if (most == 0) {
                return 0;
            }
            int n = (int) Math.min(medium.some(most), receivingLeft);
            in.take(target, n);
            receivingLeft -= n;
            changed.signalAll();
            breakIfDue();
            return n;
        }

        private void breakIfDue() throws IOException {
            if (sendingLeft <= 0 || receivingLeft <= 0) {
                end();
                throw new IOException("the connection breaks here");
            }
        }

        private void requireOpen() throws ClosedChannelException {
            if (closed) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public long write(ByteBuffer[] sources, int first, int count) throws IOException {
            long written = 0;
            for (int i = first; i < first + count; i++) {
                while (sources[i].hasRemaining()) {
                    medium.pause();
                    written += writeSome(sources[i]);
                }
            }
            return written;
        }

        private int writeSome(ByteBuffer source) throws IOException {
            lock.lock();
            try {
                while (!isWritable()) {
                    changed.awaitUninterruptibly();
                }
                int n = (int) Math.min(medium.some(Math.min(out.free(), source.remaining())), sendingLeft);
                out.put(source, n);
                sendingLeft -= n;
                changed.signalAll();
                breakIfDue();
                return n;
            } finally {
                lock.unlock();
            }
        }

        private boolean isWritable() throws IOException {
            requireOpen();
            if (out.ended) {
                throw new ClosedChannelException();
            }
            if (out.abandoned || out.broken) {
                throw new IOException("Broken pipe");
            }
            return out.free() > 0;
        }

        @Override
        public void shutdownInput() throws IOException {
            lock.lock();
            try {
                requireOpen();
                inputShut = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void shutdownOutput() throws IOException {
            lock.lock();
            try {
                requireOpen();
                out.ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public boolean isOpen() {
            return !closed;
        }

        /** Returns when this end was closed. */
        public long closedAt() {
            return closedAt;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                end();
            } finally {
                lock.unlock();
            }
        }

        private void end() {
            if (!closed) {
                closed = true;
                closedAt = medium.nanoTime();
                in.abandoned = true;
                out.ended = true;
                out.broken = in.filled() > 0 && medium.resets();
                changed.signalAll();
            }
        }
    }
}
