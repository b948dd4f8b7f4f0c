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

    private final List<Finding> listed = new ArrayList<>();
    private final Map<String, Integer> perStructure = new HashMap<>();
    private long count;
    long metadataBlocks;
    long blocksVerified;
    long blocksUnverified;

    void add(String structure, long block, String message) {
        add(structure, block, -1, message);
    }

    /** Adds a finding about a file. */
    void add(String structure, long block, long inode, String message) {
        add(structure, block, inode, message, Fault.OTHER);
    }

    /** Adds a finding that a repair may mend. */
    void add(String structure, long block, long inode, String message, Fault fault) {
        add(new Finding(new CheckReport.Problem(structure, block, inode, message), fault));
    }

    private void add(Finding finding) {
        count++;
        if (perStructure.merge(finding.problem().structure(), 1, Integer::sum) <= LISTED_MAX
                && listed.size() < CheckReport.MAX_PROBLEMS) {
            listed.add(finding);
        }
    }

    List<Finding> listed() {
        return List.copyOf(listed);
    }

    /** Adds all findings of another part of the check. */
    void addAll(Findings other) {
        long unlisted = other.count - other.listed.size();
        other.listed.forEach(this::add);
        count += unlisted;
        metadataBlocks += other.metadataBlocks;
        blocksVerified += other.blocksVerified;
        blocksUnverified += other.blocksUnverified;
    }

    /**
     * Adds those findings of another pass over the same structures that are not here yet. Where not all are listed here, nobody knows which of the others are new: then
     * none is added.
     */
    void addNew(Findings other) {
        for (Finding finding : other.listed) {
            boolean allListed = perStructure.getOrDefault(finding.problem().structure(), 0) <= LISTED_MAX
                    && listed.size() < CheckReport.MAX_PROBLEMS;
            if (allListed && !listed.contains(finding)) {
                add(finding);
            }
        }
    }

    /** Counts findings that are not listed. */
    void addUnlisted(long more) {
        count += more;
    }

    CheckReport report(long files, long directories, List<String> unproven) {
        return new CheckReport(
                listed.stream().map(Finding::problem).toList(),
                count,
                files,
                directories,
                blocksVerified,
                blocksUnverified,
                metadataBlocks,
                List.copyOf(unproven));
    }
}
