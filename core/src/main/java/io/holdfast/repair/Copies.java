package io.holdfast.repair;

import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import java.util.List;

/** Copies of the superblock that are not good. Every checkpoint writes all copies, so there is nothing to do but one checkpoint. */
final class Copies implements Part {
    private final List<Finding> findings;

    Copies(List<Finding> findings) {
        this.findings = findings;
    }

    @Override
    public void describe(Lines lines) {
        for (Finding finding : findings) {
            if (finding.fault() instanceof Fault.Copy) {
                long block = finding.problem().block();
                lines.add(
                        "superblock",
                        block,
                        Lines.NONE,
                        "the copies of the superblock are written again from a good one, that in block " + block
                                + " among them",
                        "");
            }
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.Copy;
    }
}
