package io.holdfast.repair;

import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import java.util.List;

/** The root of the metadata tree, if one of its two copies is damaged. The checkpoint of the repair writes both to other blocks. */
final class RootCopies implements Part {
    private final List<Finding> findings;

    RootCopies(List<Finding> findings) {
        this.findings = findings;
    }

    @Override
    public void describe(Lines lines) {
        for (Finding finding : findings) {
            if (finding.fault() instanceof Fault.RootCopy) {
                long block = finding.problem().block();
                lines.add(
                        "tree node",
                        block,
                        Lines.NONE,
                        "what block %d had, the root of the metadata tree, is written again from its whole copy, twice"
                                .formatted(block),
                        "");
            }
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.RootCopy;
    }
}
