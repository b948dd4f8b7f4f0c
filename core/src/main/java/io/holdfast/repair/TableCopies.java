package io.holdfast.repair;

import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import java.util.List;

/**
 * Blocks of the group table of which one copy is damaged. A space map that was read writes them again by itself, both copies to the other home. So there is
 * nothing to do but one checkpoint.
 */
final class TableCopies implements Part {
    private final List<Finding> findings;

    TableCopies(List<Finding> findings) {
        this.findings = findings;
    }

    @Override
    public void describe(Lines lines) {
        for (Finding finding : findings) {
            if (finding.fault() instanceof Fault.OneOfTwo) {
                long block = finding.problem().block();
                lines.add(
                        "space map",
                        block,
                        Lines.NONE,
                        "what block %d of the group table had is written again from its whole copy, twice"
                                .formatted(block),
                        "");
            }
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.OneOfTwo;
    }
}
