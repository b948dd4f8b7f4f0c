package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.volume.FinishedCheck;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/**
 * The item that says when the volume was last checked, and with what result. There is at most one.
 *
 * <pre>
 *     0          8           16             24             32
 *     +----------+-----------+--------------+--------------+
 *     | finished | nanos     | problems     | unproven     |   little-endian, u64 each
 *     +----------+-----------+--------------+--------------+
 *
 *     finished    milliseconds since 1970, at most those of the year 9999
 *     others      as in {@link FinishedCheck}, below 2^63
 * </pre>
 */
public final class CheckItem {
    static final int BYTES = 32;
    private static final long FINISHED_MAX = 253_402_300_799_999L;

    private CheckItem() {}

    /** Returns the key. */
    public static byte[] key() {
        return NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.LAST_CHECK);
    }

    public static Item of(FinishedCheck check) {
        return new Item(
                key(),
                ByteBuffer.allocate(BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(Math.clamp(check.finished().toEpochMilli(), 0, FINISHED_MAX))
                        .putLong(Math.max(0, check.nanos()))
                        .putLong(check.problems())
                        .putLong(check.unproven())
                        .array());
    }

    /** Decodes a value; throws {@code DAMAGED} if it is not a possible one. */
    public static FinishedCheck decode(byte[] value) throws HoldfastException {
        if (value.length != BYTES) {
            throw damaged("it has %d bytes, not %d".formatted(value.length, BYTES));
        }
        ByteBuffer bytes = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        long finished = bytes.getLong();
        long nanos = bytes.getLong();
        long problems = bytes.getLong();
        long unproven = bytes.getLong();
        if (finished < 0 || finished > FINISHED_MAX || nanos < 0 || problems < 0 || unproven < 0) {
            throw damaged("a number in it is out of range");
        }
        return new FinishedCheck(Instant.ofEpochMilli(finished), nanos, problems, unproven);
    }

    private static HoldfastException damaged(String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "the item of the last check is malformed: " + why);
    }
}
