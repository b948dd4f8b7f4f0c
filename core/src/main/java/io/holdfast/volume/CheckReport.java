package io.holdfast.volume;

import java.util.List;

/**
 * The result of a full check.
 *
 * @param problems in the order found; empty if the volume is clean; at most {@link #MAX_PROBLEMS}
 * @param problemCount all problems, also those not listed
 * @param files regular files and symbolic links, also those without a name that are still to be freed
 * @param blocksVerified data blocks that were read and match their checksum
 * @param blocksUnverified data blocks without a checksum: read, with nothing to compare them to
 * @param metadataBlocks nodes and other structures verified
 * @param unproven what could not be checked, since writers needed the space that the check would have kept from being
 *     used again: a line for each part; nothing is known to be wrong there
 */
public record CheckReport(
        List<Problem> problems,
        long problemCount,
        long files,
        long directories,
        long blocksVerified,
        long blocksUnverified,
        long metadataBlocks,
        List<String> unproven) {
    /** The most problems that a report lists, so that a destroyed volume does not fill the memory. */
    public static final int MAX_PROBLEMS = 1000;

    public boolean clean() {
        return problemCount == 0;
    }

    /**
     * One finding.
     *
     * @param structure the structure's name as in docs/FORMAT.md: {@code superblock}, {@code tree node}, {@code map
     *     node}, {@code space map}, {@code log record}, {@code log copy}, {@code inode}, {@code directory entry}, {@code data}
     * @param block number of the device block (4 KiB) that has the problem, or -1
     * @param inode number of the file that has the problem, or -1
     * @param message one line for the person who repairs it
     */
    public record Problem(String structure, long block, long inode, String message) {
        /** Makes a problem that concerns no file. */
        public Problem(String structure, long block, String message) {
            this(structure, block, -1, message);
        }
    }
}
