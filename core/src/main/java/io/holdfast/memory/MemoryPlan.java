package io.holdfast.memory;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * Who may take how much of a volume's memory ({@code --memory}). All shares are computed here and nowhere else, and
 * together they are never more than the whole. The table in docs/ARCHITECTURE.md, «Memory», has the same rows.
 *
 * <p>Pages, nodes, changes and payloads lie outside the heap. The objects that describe pages and nodes, and what is known
 * of the groups, lie on it.
 *
 * @param total bytes that the volume may use, positive
 * @param groupTable bytes of the table of the volume's groups, which are in memory as long as it is open
 * @param setsBeside bytes that a check has for its sets beyond the whole; {@link #INCLUDED} but in tests and in the simulator, where it must not change what
 *     else happens how much that is
 */
public record MemoryPlan(long total, long groupTable, long setsBeside) {
    /** A check has its share of the whole. */
    public static final long INCLUDED = -1;

    /** The changes' share is the whole divided by this. */
    public static final int CHANGES_PART = 4;

    private static final long DEFAULT_MIN = 16L << 20;
    private static final long DEFAULT_MAX = 1L << 30;
    private static final int DEFAULT_PART = 4;

    private static final int NODES_PART = 8;
    private static final int PARTS = 32;
    private static final int PAYLOAD_PARTS = 3;
    /** Of what is left for pages, this part is for the objects that describe them and for the tables of nodes. */
    private static final int DESCRIPTION_PART = 16;

    private static final int GROUP_PARTS = 1;

    private static final int BITMAPS_PART = 128;
    /** A volume whose group table needs more than this part of the memory is not opened. */
    private static final int TABLE_PART_MAX = 4;

    private static final long CHANGES_MAX = 4L << 30;
    private static final long PAYLOADS_MAX = 256L << 20;
    private static final long CHECK_ORDER_MAX = 64L << 20;
    private static final int CHECK_ORDER_PART = 32;
    private static final int CHECK_SETS_PART = 16;
    /** With so many times the bytes of the table a check knows all blocks of all groups: 14 KiB for the 37 bytes of a group. */
    private static final int CHECK_SETS_TIMES_MAX = 400;
    /** So much of the bytes of the table a check needs for sums: 25 bytes for the 37 of a group. */
    private static final double CHECK_SETS_TIMES_MIN = 0.75;

    public MemoryPlan {
        if (total <= 0 || groupTable < 0) {
            throw new IllegalArgumentException("%d bytes of memory, %d for groups".formatted(total, groupTable));
        }
    }

    /**
     * Divides the memory that a user asked for.
     *
     * @param asked bytes; 0 means a quarter of the machine's memory, at least 16 MiB and at most 1 GiB
     */
    public static MemoryPlan of(long asked) {
        return new MemoryPlan(asked == 0 ? byDefault() : asked, 0, INCLUDED);
    }

    private static long byDefault() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        long machine = system instanceof OperatingSystemMXBean known
                ? known.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
        return Math.clamp(machine / DEFAULT_PART, DEFAULT_MIN, DEFAULT_MAX);
    }

    /** Returns the plan for a volume whose table of groups has so many bytes. What exceeds the groups' share, the pages lack. */
    public MemoryPlan withGroupTable(long bytes) {
        return new MemoryPlan(total, bytes, setsBeside);
    }

    /** Returns the plan for a volume whose checks have memory of their own for their sets; {@link #INCLUDED} for none. */
    public MemoryPlan withSetsBeside(long bytes) {
        return new MemoryPlan(total, groupTable, bytes);
    }

    /** Returns the memory with which a volume can be opened whose table of groups has so many bytes. */
    public static long neededFor(long groupTable) {
        return groupTable * TABLE_PART_MAX;
    }

    /** Returns whether the table of the groups leaves enough for everything else. */
    public boolean isEnough() {
        return total >= neededFor(groupTable);
    }

    /** Returns the bytes for contents of cached blocks of files: what the others leave. */
    public long pages() {
        return left() - descriptions();
    }

    /** Returns the bytes for cached metadata blocks. */
    public long nodes() {
        return total / NODES_PART;
    }

    /** Returns the bytes for changes of maps, active and frozen ones together. */
    public long changes() {
        return Math.min(total / CHANGES_PART, CHANGES_MAX);
    }

    /** Returns the bytes for payloads of a server's clients. */
    public long payloads() {
        return Math.min(total / PARTS * PAYLOAD_PARTS, PAYLOADS_MAX);
    }

    /** Returns the bytes on the heap for the objects of pages and the tables of nodes. */
    public long descriptions() {
        return left() / DESCRIPTION_PART;
    }

    private long left() {
        return total - nodes() - changes() - payloads() - groups() - check();
    }

    /** Returns the bytes on the heap for the groups: their table, and bitmaps. */
    public long groups() {
        return Math.max(total / PARTS * GROUP_PARTS, groupTable + bitmaps());
    }

    /** Returns the bytes that are kept for a check. One after the other may use them. */
    public long check() {
        return setsBeside == INCLUDED ? checkOrder() + checkSets() : 0;
    }

    /** Returns the bytes of a check for what it knows of single blocks and of groups: no more than all of that takes. */
    public long checkSets() {
        if (setsBeside != INCLUDED) {
            return setsBeside;
        }
        long most = Math.min(total / CHECK_SETS_PART, groupTable * CHECK_SETS_TIMES_MAX);
        return Math.max(most, (long) (groupTable * CHECK_SETS_TIMES_MIN));
    }

    /** Returns the bytes of a check to bring its reads in the order of the device. */
    public long checkOrder() {
        return Math.min(total / CHECK_ORDER_PART, CHECK_ORDER_MAX);
    }

    /** Returns the bytes of {@link #groups} for bitmaps in memory. */
    public long bitmaps() {
        return total / BITMAPS_PART;
    }
}
