package io.holdfast.check;

import io.holdfast.volume.CheckReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The findings of a check so far. Keeps a bounded number of them and counts the rest. */
final class Findings {
    /** For each structure, so that a thousand findings in one do not crowd out those in the others. */
    private static final int LISTED_MAX = CheckReport.MAX_PROBLEMS / 8;

    private final List<CheckReport.Problem> problems = new ArrayList<>();
    private final Map<String, Integer> listed = new HashMap<>();
    private long count;
    long metadataBlocks;
    long blocksVerified;
    long blocksUnverified;

    void add(String structure, long block, String message) {
        add(structure, block, -1, message);
    }

    /** Adds a finding about a file. */
    void add(String structure, long block, long inode, String message) {
        count++;
        if (listed.merge(structure, 1, Integer::sum) <= LISTED_MAX && problems.size() < CheckReport.MAX_PROBLEMS) {
            problems.add(new CheckReport.Problem(structure, block, inode, message));
        }
    }

    /** Adds all findings of another part of the check. */
    void addAll(Findings other) {
        long unlisted = other.count - other.problems.size();
        other.problems.forEach(
                problem -> add(problem.structure(), problem.block(), problem.inode(), problem.message()));
        count += unlisted;
        metadataBlocks += other.metadataBlocks;
        blocksVerified += other.blocksVerified;
        blocksUnverified += other.blocksUnverified;
    }

    CheckReport report(long files, long directories, List<String> unproven) {
        return new CheckReport(
                List.copyOf(problems),
                count,
                files,
                directories,
                blocksVerified,
                blocksUnverified,
                metadataBlocks,
                List.copyOf(unproven));
    }
}
