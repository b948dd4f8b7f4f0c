package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.concurrent.Timing;
import io.holdfast.door.InFlight;
import io.holdfast.door.Lease;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.PayloadShare;
import io.holdfast.door.Slice;
import io.holdfast.nbd.NbdEnvironment;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.transport.SocketConnection;
import io.holdfast.nbd.transport.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReplyQueueTest {
    private static final int REPLIES = 20_000;

    private final InFlight inFlight = new InFlight(Integer.MAX_VALUE, Long.MAX_VALUE, Timing.SYSTEM);
    private final PayloadPool pool = new PayloadPool(512 << 20, 1);
    private final PayloadShare memory = pool.newShare();
    private SocketChannel client;
    private Transport transport;
    private ReplyQueue queue;

    @BeforeEach
    void connect() throws IOException {
        try (ServerSocketChannel server =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            client = SocketChannel.open(server.getLocalAddress());
            transport = new Transport(new SocketConnection(server.accept()));
            queue = new ReplyQueue(transport, ReplyFormat.SIMPLE, NbdEnvironment.SYSTEM);
        }
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        transport.close();
    }

    private Reply reply(long cookie, int bytes) {
        Job job = new Job(new Request(false, 0, 0, cookie, 0, bytes), inFlight, bytes, (_, _) -> {});
        inFlight.enter(bytes);
        if (bytes == 0) {
            return new Reply.Done(job);
        }
        Lease lease = memory.tryLease(bytes);
        lease.segment(0).fill((byte) cookie);
        return new Reply.Data(job, lease, 0, 0, bytes, true, true);
    }

    @Test
    void sendsEveryReplyOnceWhoeverAddsIt() throws Exception {
        CountDownLatch done = new CountDownLatch(4);
        for (int t = 0; t < 4; t++) {
            int first = t;
            Thread.startVirtualThread(() -> {
                for (int i = first; i < REPLIES; i += 4) {
                    Reply reply = reply(i, i % 3 == 0 ? 100 : 0);
                    switch (i % 16) {
                        case 1, 2, 3, 4 -> queue.add(reply);
                        case 5 -> queue.sendNow(reply);
                        default -> queue.send(reply);
                    }
                }
                queue.flush();
                done.countDown();
            });
        }
        BitSet seen = new BitSet();
        ByteBuffer buffer = ByteBuffer.allocate(116);
        while (seen.cardinality() < REPLIES) {
            receive(buffer.clear().limit(16));
            assertThat(buffer.getInt()).isEqualTo(0x67446698);
            assertThat(buffer.getInt()).isZero();
            int cookie = (int) buffer.getLong();
            assertThat(seen.get(cookie)).isFalse();
            seen.set(cookie);
            if (cookie % 3 == 0) {
                receive(buffer.clear().limit(100));
                while (buffer.hasRemaining()) {
                    assertThat(buffer.get()).isEqualTo((byte) cookie);
                }
            }
        }
        done.await();
        assertThat(inFlight.awaitIdle(0)).isTrue();
    }

    @Test
    void releasesEverythingWhenTheClientIsGone() throws Exception {
        client.close();
        for (int i = 0; i < 1000; i++) {
            queue.send(reply(i, 1 << 20));
        }
        queue.sendStream(stream -> stream.write(new ByteBuffer[] {ByteBuffer.allocate(1)}, 1));
        assertThat(inFlight.awaitIdle(0)).isTrue();
        assertThat(pool.lent()).isZero();
    }

    @Test
    void aStreamIsNotInterrupted() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch added = new CountDownLatch(1);
        Thread streamer = Thread.startVirtualThread(() -> queue.sendStream(stream -> {
            stream.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1})}, 1);
            inside.countDown();
            try {
                added.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            stream.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {2})}, 1);
        }));
        inside.await();
        queue.send(reply(9, 0));
        added.countDown();
        ByteBuffer got = ByteBuffer.allocate(18);
        receive(got);
        assertThat(got.get()).isEqualTo((byte) 1);
        assertThat(got.get()).isEqualTo((byte) 2);
        assertThat(got.getInt()).isEqualTo(0x67446698);
        streamer.join();
        inFlight.awaitIdle();
    }

    /** What others add must not be taken for the rest of a stream that broke off. */
    @Test
    void nothingFollowsAStreamThatFails() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        Thread streamer = Thread.ofPlatform().start(() -> {
            assertThatThrownBy(() -> queue.sendStream(stream -> {
                        stream.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1})}, 1);
                        inside.countDown();
                        throw new OutOfMemoryError("injected");
                    }))
                    .isInstanceOf(OutOfMemoryError.class);
        });
        inside.await();
        queue.sendNow(reply(9, 0));
        streamer.join();
        assertThat(queue.broken()).isInstanceOf(OutOfMemoryError.class);
        assertThat(inFlight.awaitIdle(0)).isTrue();
        ByteBuffer got = ByteBuffer.allocate(100);
        assertThat(client.read(got)).isEqualTo(1);
        assertThat(client.read(got)).isEqualTo(-1);
    }

    private void receive(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            assertThat(client.read(buffer)).isPositive();
        }
        buffer.flip();
    }

    /** A reply that fails to release its memory still gives back its place, and so do the others of its batch. */
    @Test
    void everyPlaceIsGivenUpWhateverIsThrown() {
        for (int i = 0; i < 6; i++) {
            int number = i;
            inFlight.enter(1);
            Job job = new Job(new Request(false, 0, 0, i, 0, 1), inFlight, 1, (_, _) -> {});
            Lease lease = new Lease(java.util.List.of(Slice.allocate(4096)), 1, slices -> {
                if (number % 2 == 0) {
                    throw new OutOfMemoryError("injected");
                }
            });
            queue.add(new Reply.Data(job, lease, 0, 0, 1, true, true));
        }
        queue.flush();
        assertThat(inFlight.isBusy()).isFalse();
    }
}
