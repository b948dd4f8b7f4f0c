package io.holdfast.repair;

import io.holdfast.volume.RepairPlan;
import java.util.ArrayList;
import java.util.List;

/** The lines of a plan: a bounded number of them, and how many there are. */
final class Lines {
    static final long NONE = -1;

    private final List<RepairPlan.Repair> listed = new ArrayList<>();
    private long count;

    void add(String structure, long block, long inode, String what, String loss) {
        count++;
        if (listed.size() < RepairPlan.LINES_MAX) {
            listed.add(new RepairPlan.Repair(structure, block, inode, what, loss));
        }
    }

    List<RepairPlan.Repair> listed() {
        return List.copyOf(listed);
    }

    long count() {
        return count;
    }
}
