package io.holdfast.sim.model;

/**
 * One change of a file's content by one call. The data names the change: every 8 bytes are {@code id << 24 | version},
 * and the version grows while the caller changes its buffer. Zeroes belong to the change that zeroed.
 */
public final class Change {
    /** The state of the call. */
    public enum State {
        RUNNING,
        DONE,
        /** It failed on the way: any part of it may be in the file. */
        FAILED,
        /** It was refused: no part of it may be in the file. */
        REFUSED
    }

    final int id;
    final boolean zeroes;
    final int firstCell;
    final int endCell;
    final long start;
    long end = Long.MAX_VALUE;
    State state = State.RUNNING;
    boolean durable;

    Change(int id, boolean zeroes, int firstCell, int endCell, long start) {
        this.id = id;
        this.zeroes = zeroes;
        this.firstCell = firstCell;
        this.endCell = endCell;
        this.start = start;
    }

    /** Returns this change as the final content of a cell that was read back. */
    Change settled(long now) {
        Change settled = new Change(id, zeroes, firstCell, endCell, start);
        settled.end = now;
        settled.state = State.DONE;
        settled.durable = true;
        return settled;
    }

    boolean covers(int cell) {
        return cell >= firstCell && cell < endCell;
    }

    /** Returns whether this change began after {@code older} was over, and is certainly in the file. */
    boolean supersedes(Change older) {
        return state == State.DONE && older.end < start;
    }

    /** Returns a word of the content. */
    public static long word(int id, int version) {
        return ((long) id << 24) | (version & 0xffffff);
    }

    /** Returns the id of the change that wrote a word; 0 for zeroes. */
    public static int idOf(long word) {
        return (int) (word >>> 24);
    }

    @Override
    public String toString() {
        return (zeroes ? "zeroing" : "write") + " #" + id + " of cells " + firstCell + ".." + (endCell - 1) + " ("
                + state + " " + start + ".." + (end == Long.MAX_VALUE ? "" : end) + (durable ? ", durable)" : ")");
    }
}
