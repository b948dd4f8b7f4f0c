package io.holdfast.check;

import io.holdfast.volume.CheckReport;
import java.util.ArrayList;
import java.util.List;

/** What a check has found so far. Keeps a bounded number of findings and counts the rest. */
final class Findings {
    private final List<CheckReport.Problem> problems = new ArrayList<>();
    private long count;
    long metadataBlocks;
    long blocksVerified;
    long blocksUnverified;

    void add(String structure, long block, String message) {
        count++;
        if (problems.size() < CheckReport.MAX_PROBLEMS) {
            problems.add(new CheckReport.Problem(structure, block, message));
        }
    }

    CheckReport report(long files, long directories) {
        return new CheckReport(
                List.copyOf(problems), count, files, directories, blocksVerified, blocksUnverified, metadataBlocks);
    }
}
