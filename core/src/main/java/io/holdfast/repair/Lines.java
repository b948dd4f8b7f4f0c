package io.holdfast.repair;

import io.holdfast.volume.RepairPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The lines of a plan: a bounded number of them, those first that lose something, and how many there are. */
final class Lines {
    static final long NONE = -1;

    private final List<RepairPlan.Repair> losing = new ArrayList<>();
    private final List<RepairPlan.Repair> others = new ArrayList<>();
    private final Losses losses = new Losses();
    private long count;

    void add(String structure, long block, long inode, String what, String loss) {
        count++;
        if (!loss.isEmpty()) {
            losses.add(inode, loss);
        }
        List<RepairPlan.Repair> to = loss.isEmpty() ? others : losing;
        if (to.size() < RepairPlan.LINES_MAX) {
            to.add(new RepairPlan.Repair(structure, block, inode, what, loss));
        }
    }

    List<RepairPlan.Repair> listed() {
        return Stream.concat(losing.stream(), others.stream())
                .limit(RepairPlan.LINES_MAX)
                .toList();
    }

    Losses losses() {
        return losses;
    }

    long count() {
        return count;
    }
}
