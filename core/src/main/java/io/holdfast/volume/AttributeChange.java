package io.holdfast.volume;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which attributes to set. Null leaves an attribute as it is; the change time is always set to now.
 *
 * @param mode permission bits, 0 to 07777
 */
public record AttributeChange(
        @Nullable Integer mode,
        @Nullable Integer uid,
        @Nullable Integer gid,
        @Nullable Instant accessTime,
        @Nullable Instant modifyTime) {
    public static AttributeChange mode(int mode) {
        return new AttributeChange(mode, null, null, null, null);
    }

    public static AttributeChange owner(int uid, int gid) {
        return new AttributeChange(null, uid, gid, null, null);
    }

    public static AttributeChange times(@Nullable Instant access, @Nullable Instant modify) {
        return new AttributeChange(null, null, null, access, modify);
    }
}
