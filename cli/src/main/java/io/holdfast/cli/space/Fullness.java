package io.holdfast.cli.space;

import io.holdfast.volume.HostSpace;
import io.holdfast.volume.VolumeUsage;

/**
 * How full a volume or a file system is.
 *
 * @param taken bytes that cannot be written to any more
 * @param free bytes that can
 */
public record Fullness(long taken, long free) {
    /** The percentages at which there is a warning, ascending. */
    private static final int[] LEVELS = {80, 90};

    public static Fullness of(VolumeUsage usage) {
        return new Fullness(usage.total() - usage.free(), usage.free());
    }

    public static Fullness of(HostSpace host) {
        return new Fullness(host.used(), host.free());
    }

    /** Returns how many percent are taken, rounded up, as {@code df} does; 0 if there is nothing at all. */
    public int percent() {
        double all = (double) taken + free;
        return all == 0 ? 0 : (int) Math.ceil(taken * 100.0 / all);
    }

    /** Returns the highest level that is reached: 0 for none, 80 or 90. */
    public int level() {
        return levelAt(percent());
    }

    /** Returns the highest level that a percentage reaches: 0 for none, 80 or 90. */
    public static int levelAt(int percent) {
        int reached = 0;
        for (int level : LEVELS) {
            reached = percent >= level ? level : reached;
        }
        return reached;
    }
}
