package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import io.holdfast.checkpoint.Corrections;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.Superblock;
import io.holdfast.space.SpaceMap;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.RepairPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The decision what to repair of a volume, from what a check has found. It writes nothing. Every kind of damage has a {@link Part}, which also says what it
 * corrects in the checkpoint of the repair.
 *
 * <p>Nothing at all is repaired if a block has two owners: what one of them gives up, the other would lose. Nor if the log is damaged: a checkpoint
 * would end it, and lose what lies behind the damage.
 */
public final class Repair {
    private final CheckedVolume checked;
    private final CheckReport report;
    private final Space space;
    private final Counts counts;
    private final Mark mark;
    private final LostMaps lost;
    private final LostEnds ends;
    private final Items items;
    private final String refusal;

    /**
     * Decides.
     *
     * @param volume as it was checked, or a later state of it for which what the check knows holds ({@link CheckedVolume#holdsFor})
     */
    public Repair(RepairSource volume, CheckedVolume checked, CheckReport report) throws HoldfastException {
        this.checked = checked;
        this.report = report;
        this.refusal = refusal(volume, checked);
        this.space = new Space(checked, volume.superblock());
        this.counts = new Counts(checked);
        this.mark = new Mark(checked);
        this.lost = new LostMaps(volume, checked);
        this.ends = new LostEnds(volume, checked);
        this.items = new Items(volume, checked);
    }

    private static String refusal(RepairSource volume, CheckedVolume checked) {
        String name = volume.name();
        if (checked.isTangled()) {
            return name
                    + ": a block has two owners, or a pointer leads where no block can be: what one gave up, the other would lose, so nothing is repaired; 'holdfast rescue' copies out what can be read";
        }
        if (checked.lacksMemory()) {
            return name
                    + ": more groups of blocks are wrong than the check had memory for, so nothing is repaired; repair with more --memory";
        }
        if (checked.findings().stream().anyMatch(finding -> finding.fault() instanceof Fault.HiddenSuperblock)) {
            return name
                    + ": there may be a newer superblock in blocks that cannot be read, and a repair would go on from an older one, so nothing is repaired; look after the device; 'holdfast rescue' copies out what can be read";
        }
        boolean logDamaged = checked.findings().stream()
                .map(Finding::problem)
                .anyMatch(problem -> problem.structure().equals("log record"));
        return logDamaged
                ? name
                        + ": the log is damaged, and a repair would lose what lies behind the damage, so nothing is repaired; 'holdfast rescue' copies out what can be read"
                : "";
    }

    private List<Part> parts() {
        return List.of(
                new Copies(checked.findings()),
                new TableCopies(checked.findings()),
                new LogCopies(checked.findings()),
                new LogEnd(checked.findings()),
                new RootCopies(checked.findings()),
                space,
                counts,
                mark,
                lost,
                ends,
                items);
    }

    /** Returns what is to be shown. */
    public RepairPlan plan() {
        List<Part> parts = refusal.isEmpty() ? parts() : List.of();
        Lines lines = lines(parts);
        List<RepairPlan.Left> left = new ArrayList<>();
        for (Finding finding : checked.findings()) {
            if (parts.stream().noneMatch(part -> part.mends(finding.fault()))) {
                left.add(new RepairPlan.Left(finding.problem(), Advice.of(finding, checked)));
            }
        }
        long listed = checked.findings().size();
        // Of those that are not listed nobody knows; the check after the repair lists what is left.
        long mended = left.isEmpty() ? report.problemCount() : listed - left.size();
        return new RepairPlan(
                lines.listed(),
                lines.count(),
                lines.losses().count(),
                List.copyOf(left),
                report.problemCount(),
                mended,
                refusal);
    }

    /** Returns all that is lost. */
    public Losses losses() {
        return lines(refusal.isEmpty() ? parts() : List.of()).losses();
    }

    private static Lines lines(List<Part> parts) {
        Lines lines = new Lines();
        parts.forEach(part -> part.describe(lines));
        return lines;
    }

    /** Makes a space map write what is right, and returns the superblock that the checkpoint follows, with what is right. */
    public Superblock correct(SpaceMap map) throws HoldfastException {
        return mark.correct(space.correct(map));
    }

    /** Returns what else the checkpoint corrects. */
    public Corrections corrections() {
        NavigableMap<byte[], Item> changes = new TreeMap<>(Arrays::compareUnsigned);
        lost.change(changes);
        items.change(changes);
        return new Corrections(true, changes, counts.counts(), ends.ends());
    }
}
