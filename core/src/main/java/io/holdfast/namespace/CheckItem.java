package io.holdfast.namespace;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Optional;

/**
 * The item of background work: when the volume was last checked, with what result, and what somebody has set of jobs that outlast a mount. There is at most one.
 *
 * <pre>
 *     0          8       16         24         32            40           48              56      64
 *     +----------+-------+----------+----------+-------------+------------+---------------+-------+
 *     | finished | nanos | problems | unproven | check limit | reap limit | discard limit | flags |   little-endian, u64 each
 *     +----------+-------+----------+----------+-------------+------------+---------------+-------+
 *
 *     finished    milliseconds since 1970, at most those of the year 9999
 *     nanos, problems, unproven   as in {@link FinishedCheck}, below 2^63
 *     limits      as in {@link JobSettings}, below 2^63
 *     flags       bit 0: the volume was checked, else the first four are 0; bit 1: a check is paused; bit 2: the freeing of removed files is; bit 3: the discarding
 *                 of free space is
 * </pre>
 *
 * @param last the last whole check that came to its end
 * @param check of a check that did not
 * @param reap of the freeing of removed files
 * @param discard of the discarding of free space
 */
public record CheckItem(Optional<FinishedCheck> last, JobSettings check, JobSettings reap, JobSettings discard) {
    /** What a volume has that was never checked, and of whose jobs nothing was set. */
    public static final CheckItem NONE =
            new CheckItem(Optional.empty(), JobSettings.NONE, JobSettings.NONE, JobSettings.NONE);

    static final int BYTES = 64;
    private static final long FINISHED_MAX = 253_402_300_799_999L;
    private static final int CHECKED = 1;
    private static final int CHECK_PAUSED = 2;
    private static final int REAP_PAUSED = 4;
    private static final int DISCARD_PAUSED = 8;

    /** Returns the key. */
    public static byte[] key() {
        return NamespaceKeys.first(NamespaceKeys.VOLUME, NamespaceKeys.LAST_CHECK);
    }

    /** Returns what is set of a kind of job. */
    public JobSettings of(JobKind kind) {
        return switch (kind) {
            case CHECK -> check;
            case REAP -> reap;
            case DISCARD -> discard;
            case TRIM -> JobSettings.NONE;
        };
    }

    /** Returns this with other settings of a kind of job. */
    public CheckItem with(JobKind kind, JobSettings settings) {
        return switch (kind) {
            case CHECK -> new CheckItem(last, settings, reap, discard);
            case REAP -> new CheckItem(last, check, settings, discard);
            case DISCARD -> new CheckItem(last, check, reap, settings);
            case TRIM -> this;
        };
    }

    /** Returns this with another last check. */
    public CheckItem with(FinishedCheck finished) {
        return new CheckItem(Optional.of(finished), check, reap, discard);
    }

    public Item item() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        last.ifPresent(done -> bytes.putLong(Math.clamp(done.finished().toEpochMilli(), 0, FINISHED_MAX))
                .putLong(Math.max(0, done.nanos()))
                .putLong(done.problems())
                .putLong(done.unproven()));
        int flags = (last.isPresent() ? CHECKED : 0)
                | (check.paused() ? CHECK_PAUSED : 0)
                | (reap.paused() ? REAP_PAUSED : 0)
                | (discard.paused() ? DISCARD_PAUSED : 0);
        bytes.position(32)
                .putLong(check.limit())
                .putLong(reap.limit())
                .putLong(discard.limit())
                .putLong(flags);
        return new Item(key(), bytes.array());
    }

    /** Decodes a value; throws {@code DAMAGED} if it is not a possible one. */
    public static CheckItem decode(byte[] value) throws HoldfastException {
        if (value.length != BYTES) {
            throw damaged("it has %d bytes, not %d".formatted(value.length, BYTES));
        }
        ByteBuffer bytes = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        long finished = bytes.getLong();
        long nanos = bytes.getLong();
        long problems = bytes.getLong();
        long unproven = bytes.getLong();
        long checkLimit = bytes.getLong();
        long reapLimit = bytes.getLong();
        long discardLimit = bytes.getLong();
        long flags = bytes.getLong();
        if (finished > FINISHED_MAX
                || (finished | nanos | problems | unproven | checkLimit | reapLimit | discardLimit) < 0) {
            throw damaged("a number in it is out of range");
        }
        boolean checked = (flags & CHECKED) != 0;
        if ((flags & ~(CHECKED | CHECK_PAUSED | REAP_PAUSED | DISCARD_PAUSED)) != 0
                || (!checked && (finished | nanos | problems | unproven) != 0)) {
            throw damaged("it has unknown bits, or the result of a check that was not made");
        }
        return new CheckItem(
                checked
                        ? Optional.of(new FinishedCheck(Instant.ofEpochMilli(finished), nanos, problems, unproven))
                        : Optional.empty(),
                new JobSettings((flags & CHECK_PAUSED) != 0, checkLimit),
                new JobSettings((flags & REAP_PAUSED) != 0, reapLimit),
                new JobSettings((flags & DISCARD_PAUSED) != 0, discardLimit));
    }

    private static HoldfastException damaged(String why) {
        return new HoldfastException(ErrorCode.DAMAGED, "the item of the last check is malformed: " + why);
    }
}
