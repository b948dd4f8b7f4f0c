package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.door.InFlight;
import io.holdfast.door.Lease;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.PayloadShare;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ContentsTest {
    private final PayloadShare memory = new PayloadPool(16 << 20, 1).newShare();

    /**
     * The chunks follow each other and cover everything once; a hole is all zero; the last chunk frees the lease and
     * ends the reply.
     */
    @Test
    void chunksMakeUpTheData() {
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            byte[] data = data(random, 1 + random.nextInt(1 << (4 + round % 18)));
            long base = random.nextInt(3) == 0 ? random.nextInt(1 << 20) : random.nextInt(100) * 4096L;
            int flags = round % 5 == 0 ? Wire.FLAG_DF : 0;
            List<Reply> replies = chunks(data, base, flags, true);
            if (flags != 0) {
                assertThat(replies).hasSize(1);
            }
            int at = 0;
            for (Reply reply : replies) {
                boolean end = reply == replies.getLast();
                if (reply instanceof Reply.Hole hole) {
                    assertThat(hole.from()).isEqualTo(at);
                    assertThat(hole.base()).isEqualTo(base);
                    assertThat(hole.length()).isGreaterThanOrEqualTo(Math.min(data.length, Contents.HOLE_MIN));
                    assertThat(Arrays.copyOfRange(data, at, at + hole.length())).containsOnly(0);
                    assertThat(new boolean[] {hole.frees(), hole.last()}).containsOnly(end);
                    at += hole.length();
                } else if (reply instanceof Reply.Data part) {
                    assertThat(part.from()).isEqualTo(at);
                    assertThat(sent(part)).isEqualTo(Arrays.copyOfRange(data, at, at + part.length()));
                    assertThat(new boolean[] {part.frees(), part.last()}).containsOnly(end);
                    at += part.length();
                }
            }
            assertThat(at).isEqualTo(data.length);
        }
    }

    @Test
    void longRunsOfZeroesBecomeHoles() {
        byte[] data = new byte[3 << 20];
        data[100] = 1;
        data[(2 << 20) + 5000] = 1;
        List<Reply> replies = chunks(data, 0, 0, false);
        assertThat(replies)
                .extracting(r -> r instanceof Reply.Hole h ? -h.length() : ((Reply.Data) r).length())
                .containsExactly(4096, -((2 << 20)), 4096, -((1 << 20) - 8192));
        assertThat(replies.getLast()).matches(r -> r instanceof Reply.Hole h && h.frees() && !h.last());
    }

    private List<Reply> chunks(byte[] data, long base, int flags, boolean last) {
        Lease lease = memory.tryLease(data.length);
        for (int i = 0; i < lease.count(); i++) {
            ByteBuffer buffer = lease.buffer(i);
            buffer.put(data, lease.start(i), buffer.remaining());
        }
        Request request = new Request(false, flags, 0, 1, base, data.length);
        List<Reply> replies = Contents.of(
                new Job(request, new InFlight(1, 1 << 20, Timing.SYSTEM), data.length, (_, _) -> {}),
                lease,
                base,
                last);
        lease.release();
        return replies;
    }

    private static byte[] sent(Reply.Data part) {
        List<ByteBuffer> buffers = new ArrayList<>();
        part.addPayload(buffers);
        ByteBuffer all = ByteBuffer.allocate(part.length());
        buffers.forEach(all::put);
        assertThat(all.hasRemaining()).isFalse();
        return all.array();
    }

    /** Runs of zeroes and of bytes that are mostly zero, long and short ones. */
    private static byte[] data(Random random, int length) {
        byte[] data = new byte[length];
        int at = 0;
        while (at < length) {
            int run = Math.min(length - at, 1 + random.nextInt(1 << (1 + random.nextInt(18))));
            if (random.nextBoolean()) {
                data[at + random.nextInt(run)] = 1;
                for (int i = at; i < at + run && random.nextInt(50) != 0; i++) {
                    data[i] = (byte) random.nextInt();
                }
            }
            at += run;
        }
        return data;
    }
}
