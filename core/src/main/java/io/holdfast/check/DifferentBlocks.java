package io.holdfast.check;

import io.holdfast.volume.CheckReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The blocks of which trees and space map say different things, as runs. They come in ascending order within a pass of the check, and are reported in ascending order. Keeps
 * a bounded number of runs and counts the rest. Used by one thread.
 */
final class DifferentBlocks {
    private static final String STRUCTURE = "space map";
    /** More are not listed by any report. */
    private static final int RUNS_MAX = CheckReport.MAX_PROBLEMS;

    private final Kind leaked = new Kind(false);
    private final Kind unmarked = new Kind(true);

    /** Blocks side by side, {@code end} exclusive. */
    private record Run(long first, long end, boolean used) {}

    /** The runs of one kind: in use and marked free, or the other way round. */
    private static final class Kind {
        private final boolean used;
        private final List<Run> runs = new ArrayList<>();
        private long unlisted;
        private long blocks;
        // The run that is being gathered.
        private long first = -1;
        private long end = -1;

        Kind(boolean used) {
            this.used = used;
        }

        void add(long block) {
            if (block != end) {
                endRun();
                first = block;
            }
            end = block + 1;
            blocks++;
        }

        void endRun() {
            if (first >= 0 && runs.size() < RUNS_MAX) {
                runs.add(new Run(first, end, used));
            } else if (first >= 0) {
                unlisted++;
            }
            first = -1;
            end = -1;
        }
    }

    /** Takes a block. */
    void add(long block, boolean used) {
        (used ? unmarked : leaked).add(block);
    }

    /** Returns how many blocks are marked in use and nothing points to them. */
    long leaked() {
        return leaked.blocks;
    }

    /** @param incomplete something that could not be read may point to blocks that seem leaked: those are left out */
    void report(Findings findings, boolean incomplete) {
        leaked.endRun();
        unmarked.endRun();
        List<Run> runs = new ArrayList<>(unmarked.runs);
        findings.addUnlisted(unmarked.unlisted);
        if (!incomplete) {
            runs.addAll(leaked.runs);
            findings.addUnlisted(leaked.unlisted);
        }
        runs.sort(Comparator.comparingLong(Run::first));
        runs.forEach(run -> report(run, findings));
    }

    private static void report(Run run, Findings findings) {
        boolean one = run.end == run.first + 1;
        String which =
                one ? "block %d is".formatted(run.first) : "blocks %d to %d are".formatted(run.first, run.end - 1);
        findings.add(
                STRUCTURE,
                run.first,
                CheckState.NO_FILE,
                which
                        + (run.used
                                ? " in use and marked free"
                                : " marked in use and nothing points there: leaked, %s cannot be written to, and no data is lost"
                                        .formatted(one ? "it" : "they")),
                run.used ? new Fault.Unmarked() : new Fault.Leaked());
    }
}
