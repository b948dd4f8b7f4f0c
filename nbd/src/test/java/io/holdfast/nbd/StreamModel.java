package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.fuzz.MemoryVolumes;
import io.holdfast.nbd.TestClient.Mode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A stream of requests, right and wrong, and what a correct server may do with it: which requests it answers, with
 * success or an error, where the connection ends, and what the file holds then. Written independently of the server's
 * code, from the protocol document and from what real clients send.
 *
 * <p>Every payload consists of well-formed requests, {@link #bait}. A server that takes a byte of a payload for a
 * request executes them. They have a special cookie and change the last part of the file, which no real request
 * touches. Every real request has a slot of the file to itself, so their order does not matter.
 */
final class StreamModel {
    static final int SLOT = 8 << 10;
    static final int SLOTS = 24;

    private static final int FILE = (int) MemoryVolumes.FILE_BYTES;
    private static final int CANARY = SLOT * SLOTS;
    private static final long BAIT_COOKIE = 0xBA17_BA17_BA17_BA17L;
    private static final long PAYLOAD_SERVED_MAX = 64 << 20;
    private static final long PAYLOAD_DRAINED_MAX = 0xffff_ffffL;
    /** Bytes of a longer payload are not sent: the client leaves in the middle of it. */
    private static final int PAYLOAD_SENT_MAX = 100_000;

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int DISC = 2;
    private static final int FLUSH = 3;
    private static final int TRIM = 4;
    private static final int CACHE = 5;
    private static final int WRITE_ZEROES = 6;
    private static final int BLOCK_STATUS = 7;
    private static final int PAYLOAD_LEN = 1 << 5;

    private final Mode mode;
    private final boolean readOnly;
    private final ByteArrayOutputStream stream = new ByteArrayOutputStream();
    private final List<Expected> answers = new ArrayList<>();
    private final byte[] content = initial();
    private final boolean[] maybeZero = new boolean[FILE];
    private int requests;
    private boolean ended;

    /** A request that must be answered. {@code data} is what a read of it returns; null for other requests. */
    private record Expected(long cookie, int type, boolean success, byte[] data) {}

    StreamModel(Mode mode, boolean readOnly) {
        this.mode = mode;
        this.readOnly = readOnly;
    }

    /** The initial contents of the file: neighbouring blocks and bytes differ, and none is zero. */
    static byte[] initial() {
        byte[] bytes = new byte[FILE];
        for (int i = 0; i < FILE; i++) {
            bytes[i] = (byte) (1 + (i * 31 + (i >> 12)) % 251);
        }
        return bytes;
    }

    /** Returns how many more requests may be added. */
    int room() {
        return SLOTS - requests;
    }

    /** Returns whether the stream has ended: the server must not execute or answer requests added now. */
    boolean ended() {
        return ended;
    }

    byte[] bytes() {
        return stream.toByteArray();
    }

    /**
     * Adds a request, with its payload if it has one.
     *
     * @param beyond whether its range lies behind the end of the export; else it is in a slot of its own
     * @param at where in the slot; {@code at + length} must be within it unless the request is refused
     */
    void add(int type, int flags, boolean beyond, int at, long length) {
        long cookie = 0x1000 + requests;
        long offset = beyond ? FILE : (long) requests * SLOT + at;
        requests++;
        byte[] header = header(cookie, flags, type, offset, length);
        boolean lengthKnown = type == WRITE || extended() || (flags & PAYLOAD_LEN) == 0 || length == 0;
        long payload = type == WRITE || (flags & PAYLOAD_LEN) != 0 ? length : 0;
        int sent = Long.compareUnsigned(payload, PAYLOAD_SENT_MAX) > 0 ? PAYLOAD_SENT_MAX : (int) payload;
        byte[] body = statusRange(type, flags, length) ? statusPayload(offset) : bait(sent);
        stream.writeBytes(header);
        stream.writeBytes(body);
        if (ended) {
            return;
        }
        if (type == DISC) {
            ended = true;
        } else if (!lengthKnown || Long.compareUnsigned(payload, PAYLOAD_DRAINED_MAX) > 0) {
            answers.add(new Expected(cookie, type, false, null));
            ended = true;
        } else if (payload > sent) {
            // All further bytes belong to this payload, and the client leaves in the middle of it.
            stream.writeBytes(bait(1000));
            ended = true;
        } else {
            boolean success = mayBeServed(type, flags, offset, length);
            answers.add(new Expected(cookie, type, success, type == READ && success ? now(offset, length) : null));
            if (success) {
                apply(type, (int) offset, (int) length, body);
            }
        }
    }

    /** Checks the server's replies and the file against this model. {@code heard} begins with transmission. */
    void verify(ByteBuffer heard, byte[] found) {
        StreamReplies replies = new StreamReplies(mode, heard, this::readLength);
        List<Long> cookies = new ArrayList<>();
        for (StreamReplies.Reply reply : replies.all()) {
            assertThat(reply.cookie())
                    .as("the server executed what was a payload")
                    .isNotEqualTo(BAIT_COOKIE);
            cookies.add(reply.cookie());
            Expected expected = answers.stream()
                    .filter(e -> e.cookie() == reply.cookie())
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("a reply to what may not be served: " + reply));
            assertThat(reply.error() == 0)
                    .as("success of %s, %s", expected, reply)
                    .isEqualTo(expected.success());
            if (expected.data() != null) {
                assertThat(reply.data()).isEqualTo(expected.data());
            }
        }
        assertThat(cookies)
                .containsExactlyInAnyOrderElementsOf(
                        answers.stream().map(Expected::cookie).toList());
        for (int i = 0; i < FILE; i++) {
            if (found[i] != content[i] && !(maybeZero[i] && found[i] == 0)) {
                assertThat(found[i])
                        .as("byte %d, which is %s", i, i < CANARY ? "of request " + i / SLOT : "of no request")
                        .isEqualTo(content[i]);
            }
        }
    }

    private boolean extended() {
        return mode == Mode.EXTENDED;
    }

    private boolean mayBeServed(int type, int flags, long offset, long length) {
        int allowed = switch (type) {
            case READ -> mode == Mode.SIMPLE ? 1 : 1 | 1 << 2;
            case WRITE -> extended() ? 1 | PAYLOAD_LEN : 1;
            case FLUSH, TRIM, CACHE -> 1;
            case WRITE_ZEROES -> 1 | 1 << 1 | 1 << 4;
            case BLOCK_STATUS -> extended() ? 1 | 1 << 3 | PAYLOAD_LEN : 1 | 1 << 3;
            default -> -1;
        };
        if (allowed < 0 || (flags & ~allowed) != 0) {
            return false;
        }
        if (readOnly && (type == WRITE || type == TRIM || type == WRITE_ZEROES)) {
            return false;
        }
        if ((type == READ || type == WRITE) && Long.compareUnsigned(length, PAYLOAD_SERVED_MAX) > 0) {
            return false;
        }
        if (type == BLOCK_STATUS && (flags & PAYLOAD_LEN) != 0) {
            return statusRange(type, flags, length) && offset < FILE;
        }
        if (type == BLOCK_STATUS && (mode == Mode.SIMPLE || length == 0)) {
            return false;
        }
        return type == FLUSH
                || (Long.compareUnsigned(offset, FILE) <= 0 && Long.compareUnsigned(length, FILE - offset) <= 0);
    }

    private void apply(int type, int offset, int length, byte[] body) {
        switch (type) {
            case WRITE -> System.arraycopy(body, 0, content, offset, length);
            case WRITE_ZEROES -> Arrays.fill(content, offset, offset + length, (byte) 0);
            case TRIM -> Arrays.fill(maybeZero, offset, offset + length, true);
            default -> {}
        }
    }

    private byte[] now(long offset, long length) {
        return Arrays.copyOfRange(content, (int) offset, (int) (offset + length));
    }

    /** Returns how much a successful simple reply carries. */
    private int readLength(long cookie) {
        return answers.stream()
                .filter(e -> e.cookie() == cookie && e.data() != null)
                .mapToInt(e -> e.data().length)
                .findFirst()
                .orElse(0);
    }

    /** Makes the payload of a block status, its range and context, valid if the length allows it. */
    private boolean statusRange(int type, int flags, long length) {
        return extended() && type == BLOCK_STATUS && (flags & PAYLOAD_LEN) != 0 && length == 12;
    }

    private static byte[] statusPayload(long offset) {
        return ByteBuffer.allocate(12)
                .putLong(offset < FILE ? 512 : 1)
                .putInt(1)
                .array();
    }

    private byte[] header(long cookie, int flags, int type, long offset, long length) {
        ByteBuffer header = ByteBuffer.allocate(extended() ? 32 : 28)
                .putInt(extended() ? 0x21e41c71 : 0x25609513)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset);
        return (extended() ? header.putLong(length) : header.putInt((int) length)).array();
    }

    /** Returns {@code length} bytes of requests that change and read the last part of the file. */
    private byte[] bait(int length) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (bytes.size() < length) {
            bytes.writeBytes(header(BAIT_COOKIE, 0, WRITE_ZEROES, CANARY, 4096));
            bytes.writeBytes(header(BAIT_COOKIE, 0, TRIM, CANARY + 4096, 4096));
            bytes.writeBytes(header(BAIT_COOKIE, extended() ? PAYLOAD_LEN : 0, WRITE, CANARY + 8192, 16));
            bytes.writeBytes(new byte[16]);
            bytes.writeBytes(header(BAIT_COOKIE, 0, READ, CANARY, 64));
            bytes.writeBytes(header(BAIT_COOKIE, 0, FLUSH, 0, 0));
        }
        return Arrays.copyOf(bytes.toByteArray(), length);
    }
}
