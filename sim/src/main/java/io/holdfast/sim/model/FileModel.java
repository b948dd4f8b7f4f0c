package io.holdfast.sim.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The possible contents of one file, in cells of 512 bytes.
 *
 * <p>A cell keeps the changes that may be its content: the running ones, and the newest of those that are over. A read
 * may return any of them, except a change that was replaced by another which was done before the read began. After a
 * crash the cell may hold any of them, except a change that a durable one has replaced.
 *
 * <p>Each call changes a block atomically. So two cells of a block cannot show two different changes that both cover
 * both cells.
 */
public final class FileModel {
    public static final int CELL = 512;
    private static final int BLOCK_CELLS = 8;
    private static final int CELL_WORDS = CELL / 8;

    private final String label;
    private final boolean checksummed;
    private final Ticks ticks;
    private final List<List<Change>> cells = new ArrayList<>();
    private final List<BitSet> ever = new ArrayList<>();
    private final List<Change> notDurable = new ArrayList<>();
    /** Durable changes whose predecessors a running read may still see. */
    private final List<Change> unpruned = new ArrayList<>();
    /** The start times of the running reads. */
    private final TreeSet<Long> reads = new TreeSet<>();

    private final SizeModel size;
    private long inode;

    /** @param maxBytes no operation reaches beyond this */
    public FileModel(String label, boolean checksummed, int maxBytes, long sizeNow, Ticks ticks) {
        this.label = label;
        this.checksummed = checksummed;
        this.ticks = ticks;
        this.size = new SizeModel(sizeNow, ticks);
        Change hole = new Change(0, true, 0, Integer.MAX_VALUE, ticks.next()).settled(ticks.next());
        for (int i = 0; i < maxBytes / CELL; i++) {
            List<Change> content = new ArrayList<>(2);
            content.add(hole);
            cells.add(content);
            ever.add(new BitSet());
        }
    }

    public String label() {
        return label;
    }

    public boolean checksummed() {
        return checksummed;
    }

    public int maxBytes() {
        return cells.size() * CELL;
    }

    public SizeModel size() {
        return size;
    }

    public long inode() {
        return inode;
    }

    public void setInode(long number) {
        inode = number;
    }

    // ---- changes ----

    /** Begins a call that will change {@code [offset, end)}. */
    public Change begin(int id, boolean zeroes, long offset, long end) {
        int first = (int) (offset / CELL);
        int last = (int) Math.min(cells.size(), end / CELL);
        Change change = new Change(id, zeroes, first, last, ticks.next());
        for (int cell = first; cell < last; cell++) {
            cells.get(cell).add(change);
            if (!zeroes) {
                ever.get(cell).set(id);
            }
        }
        return change;
    }

    public void done(Change change, boolean durable) {
        change.end = ticks.next();
        change.state = Change.State.DONE;
        change.durable = durable;
        if (durable) {
            prune(change);
        } else {
            notDurable.add(change);
        }
    }

    public void failed(Change change) {
        change.end = ticks.next();
        change.state = Change.State.FAILED;
    }

    /** Records that a call was refused: no part of it may ever be seen. */
    public void refused(Change change) {
        change.state = Change.State.REFUSED;
        for (int cell = change.firstCell; cell < change.endCell; cell++) {
            cells.get(cell).remove(change);
        }
    }

    /** Records a successful flush that began at {@code start}: all changes done before that are durable. */
    public void flushed(long start) {
        contentFlushed(start);
        size.flushed(reads.isEmpty() ? start : Math.min(start, reads.first()));
    }

    /**
     * Does as {@link #flushed} for the content, not for the size: that may be one which a call has left that failed, and then
     * nobody has promised it.
     */
    public void contentFlushed(long start) {
        for (Change change : List.copyOf(notDurable)) {
            if (change.end < start) {
                change.durable = true;
                notDurable.remove(change);
                prune(change);
            }
        }
    }

    /** Begins a read and returns its start time. The changes that it may see are kept until {@link #readEnded}. */
    public long readBegins() {
        long started = ticks.next();
        reads.add(started);
        return started;
    }

    public void readEnded(long started) {
        reads.remove(started);
        if (reads.isEmpty()) {
            unpruned.forEach(this::pruneNow);
            unpruned.clear();
        }
    }

    private void prune(Change durable) {
        if (reads.isEmpty()) {
            pruneNow(durable);
        } else {
            unpruned.add(durable);
        }
    }

    private void pruneNow(Change durable) {
        for (int cell = durable.firstCell; cell < durable.endCell; cell++) {
            cells.get(cell).removeIf(durable::supersedes);
        }
    }

    // ---- checks ----

    /**
     * Checks the data of a read.
     *
     * @param offset the offset of the read
     * @param started when the read began
     */
    public void verify(MemorySegment data, long offset, long length, long started) {
        check(data, offset, length, (cell, id) -> visible(cell, id, started), "read");
    }

    /** Checks the content after a crash, and takes it for the truth from now on. */
    public void verifyAfterCrash(MemorySegment data, long length) {
        Change[] found = check(data, 0, length, this::afterCrash, "read after a crash");
        settle(found);
    }

    /**
     * Checks the content after a fault that may have undone durable changes: all content that was ever there may be
     * there again.
     */
    public void verifyWeakly(MemorySegment data, long length) {
        for (int cell = 0; (cell + 1L) * CELL <= length; cell++) {
            int id = idOf(data, 0, cell, "read");
            if (id != 0 && !ever.get(cell).get(id)) {
                throw new ViolationException("%s, cell %d: #%d was never written there".formatted(label, cell, id));
            }
        }
    }

    private void settle(Change[] found) {
        long now = ticks.next();
        Change zero = new Change(0, true, 0, Integer.MAX_VALUE, now).settled(now);
        for (int cell = 0; cell < cells.size(); cell++) {
            List<Change> content = cells.get(cell);
            content.clear();
            Change change = cell < found.length ? found[cell] : null;
            content.add(change == null ? zero : change.settled(now));
        }
        notDurable.clear();
        unpruned.clear();
        reads.clear();
    }

    /** Finds the change that a cell shows; throws if it may not show it. */
    private interface Finder {
        Change find(int cell, int id);
    }

    private Change[] check(MemorySegment data, long offset, long length, Finder finder, String what) {
        int first = (int) ((offset + CELL - 1) / CELL);
        int end = (int) ((offset + length) / CELL);
        Change[] found = new Change[Math.max(end, 0)];
        for (int cell = first; cell < end; cell++) {
            found[cell] = finder.find(cell, idOf(data, offset, cell, what));
            for (int other = Math.max(first, cell / BLOCK_CELLS * BLOCK_CELLS); other < cell; other++) {
                requireWhole(other, found[other], cell, found[cell], what);
            }
        }
        return found;
    }

    private void requireWhole(int a, Change inA, int b, Change inB, String what) {
        boolean torn = !inA.zeroes && !inB.zeroes && inA.id != inB.id && inA.covers(b) && inB.covers(a);
        if (torn) {
            throw new ViolationException(
                    "%s, %s: a block is torn: cell %d has %s, cell %d has %s".formatted(label, what, a, inA, b, inB));
        }
    }

    private int idOf(MemorySegment data, long offset, int cell, String what) {
        long at = (long) cell * CELL - offset;
        int id = -1;
        for (int word = 0; word < CELL_WORDS; word++) {
            int one = Change.idOf(data.get(ValueLayout.JAVA_LONG_UNALIGNED, at + word * 8L));
            if (id == -1) {
                id = one;
            } else if (id != one) {
                throw new ViolationException(
                        "%s, %s: cell %d is torn: it has words of #%d and #%d".formatted(label, what, cell, id, one));
            }
        }
        return id;
    }

    private Change visible(int cell, int id, long started) {
        List<Change> content = cells.get(cell);
        Change replaced = null;
        for (int i = content.size() - 1; i >= 0; i--) {
            Change change = content.get(i);
            if (!matches(change, id)) {
                continue;
            }
            Change by = replacedBy(content, change, started);
            if (by == null) {
                return change;
            }
            replaced = by;
        }
        throw wrong("read", cell, id, content, replaced);
    }

    private static @Nullable Change replacedBy(List<Change> content, Change change, long started) {
        for (Change other : content) {
            if (other != change && other.supersedes(change) && other.end < started) {
                return other;
            }
        }
        return null;
    }

    private Change afterCrash(int cell, int id) {
        List<Change> content = cells.get(cell);
        for (int i = content.size() - 1; i >= 0; i--) {
            Change change = content.get(i);
            if (matches(change, id) && content.stream().noneMatch(other -> other.durable && other.supersedes(change))) {
                return change;
            }
        }
        throw wrong("read after a crash", cell, id, content, null);
    }

    private static boolean matches(Change change, int id) {
        return id == 0 ? change.zeroes : !change.zeroes && change.id == id;
    }

    private ViolationException wrong(String what, int cell, int id, List<Change> content, @Nullable Change by) {
        return new ViolationException("%s, %s: cell %d (block %d) has %s%s; it may have %s"
                .formatted(
                        label,
                        what,
                        cell,
                        cell / BLOCK_CELLS,
                        id == 0 ? "zeroes" : "#" + id,
                        by == null ? "" : ", which was replaced by " + by,
                        content));
    }
}
