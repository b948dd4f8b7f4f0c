package io.holdfast.volume;

import java.util.List;

/**
 * What a repair would do.
 *
 * @param repairs a line for each, at most {@link #LINES_MAX}; those first that lose something
 * @param repairCount all of them, also those not listed
 * @param lossCount how many of these lose something
 * @param left findings that it does not mend, those that the check has listed
 * @param findings how many findings the check has
 * @param mended how many of them the repair mends
 * @param refusal why nothing at all is repaired; empty if something can be
 */
public record RepairPlan(
        List<Repair> repairs,
        long repairCount,
        long lossCount,
        List<Left> left,
        long findings,
        long mended,
        String refusal) {
    /** The plan of a repair that does nothing. */
    public static final RepairPlan NOTHING = new RepairPlan(List.of(), 0, 0, List.of(), 0, 0, "");

    /** The most repairs that a plan lists. */
    public static final int LINES_MAX = 1000;

    /** Returns whether there is something to do. */
    public boolean isPossible() {
        return repairCount > 0;
    }

    /**
     * One repair.
     *
     * @param structure the structure's name, as in {@link CheckReport.Problem}
     * @param block number of the device block that it is about, or -1
     * @param inode number of the file that it is about, or -1
     * @param what is done, one line
     * @param loss what is lost by it; empty if nothing is
     */
    public record Repair(String structure, long block, long inode, String what, String loss) {}

    /**
     * A finding that is not mended.
     *
     * @param advice what to do about it instead
     */
    public record Left(CheckReport.Problem problem, String advice) {}
}
