package io.holdfast.cli.serve;

import io.holdfast.cli.space.Fullness;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.space.SpaceWarning;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.Map;

/**
 * Logs a line when the volume, or the file system of the host below it, becomes 80 or 90 % full.
 *
 * <p>Invariant: each level is logged once, and again only after the percentage was {@link #BELOW} lower. One thread uses
 * this.
 */
final class SpaceWatch {
    /** So many percent below a level it counts as left. */
    static final int BELOW = 3;

    private static final System.Logger LOG = System.getLogger("io.holdfast.space");

    private final Map<SpaceWarning.Kind, Integer> reached = new EnumMap<>(SpaceWarning.Kind.class);
    private boolean hostTells = true;

    void look(SpaceReport report) {
        if (rises(SpaceWarning.Kind.VOLUME_FULL, Fullness.of(report.usage()))) {
            log(report, SpaceWarning.Kind.VOLUME_FULL);
        }
        if (report.host().isPresent()
                && rises(SpaceWarning.Kind.HOST_FULL, Fullness.of(report.host().get()))) {
            log(report, SpaceWarning.Kind.HOST_FULL);
        }
        boolean tells = !report.has(SpaceWarning.Kind.HOST_UNKNOWN);
        if (hostTells && !tells) {
            log(report, SpaceWarning.Kind.HOST_UNKNOWN);
        }
        hostTells = tells;
    }

    /** Returns whether a level is reached that was not reached before. */
    private boolean rises(SpaceWarning.Kind kind, Fullness now) {
        int before = reached.getOrDefault(kind, 0);
        int kept = Math.min(before, Fullness.levelAt(now.percent() + BELOW));
        int level = Math.max(kept, now.level());
        reached.put(kind, level);
        return level > before;
    }

    private static void log(SpaceReport report, SpaceWarning.Kind kind) {
        report.warnings().stream()
                .filter(warning -> warning.kind() == kind)
                .forEach(warning -> LOG.log(Level.WARNING, "{0}", warning.message()));
    }
}
