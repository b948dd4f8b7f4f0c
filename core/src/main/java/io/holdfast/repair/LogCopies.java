package io.holdfast.repair;

import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import java.util.List;

/**
 * Blocks of the log of which one copy is damaged. The repair replays the log from the other copies, and its checkpoint needs
 * the log no more. So there is nothing to write again.
 */
final class LogCopies implements Part {
    private final List<Finding> findings;

    LogCopies(List<Finding> findings) {
        this.findings = findings;
    }

    @Override
    public void describe(Lines lines) {
        for (Finding finding : findings) {
            if (finding.fault() instanceof Fault.LogCopy) {
                long block = finding.problem().block();
                lines.add(
                        "log copy",
                        block,
                        Lines.NONE,
                        "what block %d of the log had is taken from its whole copy; the new checkpoint has it, and the log begins anew"
                                .formatted(block),
                        "");
            }
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.LogCopy;
    }
}
