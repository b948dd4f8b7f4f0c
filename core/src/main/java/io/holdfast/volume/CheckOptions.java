package io.holdfast.volume;

import java.util.List;

/**
 * What a check looks at, and how fast.
 *
 * @param metadataOnly reads and verifies everything but data blocks
 * @param files paths of regular files; only their items, maps and data are looked at, and space is not compared. Empty for all
 *     of the volume; at most {@link #FILES_MAX}
 * @param rate bytes per second to read at most; 0 for no bound
 * @param lasting whether the pause and the rate that somebody sets outlast the mount, if this check does not come to its end; the next lasting check goes on with
 *     them. Then {@code rate} is 0
 */
public record CheckOptions(boolean metadataOnly, List<String> files, long rate, boolean lasting) {
    public static final int FILES_MAX = 64;

    /** All of the volume, as fast as its clients let the check. */
    public static final CheckOptions ALL = new CheckOptions(false, List.of(), 0);

    /** As {@link #ALL}, for a check that begins again with the next mount if this one ends it. */
    public static final CheckOptions LASTING = new CheckOptions(false, List.of(), 0, true);

    public CheckOptions(boolean metadataOnly, List<String> files, long rate) {
        this(metadataOnly, files, rate, false);
    }

    /** Returns whether a check looks at everything that there is. */
    public boolean isWhole() {
        return !metadataOnly && files.isEmpty();
    }

    public CheckOptions withRate(long bytesPerSecond) {
        return new CheckOptions(metadataOnly, files, bytesPerSecond, false);
    }
}
