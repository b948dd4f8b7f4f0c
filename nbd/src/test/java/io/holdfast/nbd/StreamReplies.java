package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Mode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongToIntFunction;

/** The replies of transmission, parsed and assembled by cookie. */
final class StreamReplies {
    private final List<Reply> replies = new ArrayList<>();

    /**
     * A whole reply.
     *
     * @param error 0 for success
     * @param data what was read
     */
    record Reply(long cookie, int error, byte[] data) {
        @Override
        public String toString() {
            return "reply to 0x%x: error %d, %d bytes".formatted(cookie, error, data.length);
        }
    }

    /** @param readLength how much data a simple reply has, by its cookie */
    StreamReplies(Mode mode, ByteBuffer heard, LongToIntFunction readLength) {
        if (mode == Mode.SIMPLE) {
            simple(heard, readLength);
        } else {
            chunks(heard, mode == Mode.EXTENDED);
        }
    }

    List<Reply> all() {
        return replies;
    }

    private void simple(ByteBuffer heard, LongToIntFunction readLength) {
        while (heard.hasRemaining()) {
            assertThat(heard.getInt()).isEqualTo(0x67446698);
            int error = heard.getInt();
            long cookie = heard.getLong();
            byte[] data = new byte[error == 0 ? readLength.applyAsInt(cookie) : 0];
            heard.get(data);
            replies.add(new Reply(cookie, error, data));
        }
    }

    private void chunks(ByteBuffer heard, boolean extended) {
        Map<Long, TreeMap<Long, byte[]>> parts = new HashMap<>();
        while (heard.hasRemaining()) {
            assertThat(heard.getInt()).isEqualTo(extended ? 0x6e8a278c : 0x668e33ef);
            boolean done = heard.getShort() == 1;
            int type = Short.toUnsignedInt(heard.getShort());
            long cookie = heard.getLong();
            if (extended) {
                heard.getLong();
            }
            ByteBuffer payload =
                    ByteBuffer.wrap(new byte[Math.toIntExact(extended ? heard.getLong() : heard.getInt())]);
            heard.get(payload.array());
            TreeMap<Long, byte[]> own = parts.computeIfAbsent(cookie, c -> new TreeMap<>());
            switch (type) {
                case 1 -> {
                    long offset = payload.getLong();
                    byte[] data = new byte[payload.remaining()];
                    payload.get(data);
                    assertThat(own.put(offset, data))
                            .as("a second chunk at %d", offset)
                            .isNull();
                }
                case 2 ->
                    assertThat(own.put(payload.getLong(), new byte[payload.getInt()]))
                            .isNull();
                case 0, 5, 6 -> {}
                default -> assertThat(type & 0x8000).as("the type of a chunk").isNotZero();
            }
            if (done) {
                parts.remove(cookie);
                replies.add(new Reply(cookie, (type & 0x8000) != 0 ? payload.getInt(0) : 0, joined(own)));
            }
        }
        assertThat(parts).as("replies without an end").isEmpty();
    }

    private static byte[] joined(TreeMap<Long, byte[]> parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Map.Entry<Long, byte[]> part : parts.entrySet()) {
            assertThat(part.getKey()).isEqualTo(parts.firstKey() + all.size());
            all.writeBytes(part.getValue());
        }
        return all.toByteArray();
    }
}
