package io.holdfast.repair;

import io.holdfast.check.Fault;
import io.holdfast.check.Finding;
import java.util.List;

/**
 * The end of a log of which the device does not bring the next record. The repair takes it for the end. Whether something was there that
 * had been flushed nobody can tell, so it counts as a loss.
 */
final class LogEnd implements Part {
    private final List<Finding> findings;

    LogEnd(List<Finding> findings) {
        this.findings = findings;
    }

    @Override
    public void describe(Lines lines) {
        for (Finding finding : findings) {
            if (finding.fault() instanceof Fault.LogEnd) {
                long block = finding.problem().block();
                lines.add(
                        "log end",
                        block,
                        Lines.NONE,
                        "the log ends before the record that needs block %d, which cannot be read".formatted(block),
                        "what was written in the last moments before the volume stopped, if that was there");
            }
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return fault instanceof Fault.LogEnd;
    }
}
