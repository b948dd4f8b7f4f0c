package io.holdfast.door;

/**
 * How connections share an amount of memory: a guaranteed minimum for each, and a dynamic threshold for the rest (Choudhury
 * and Hahne 1998, for the buffers of a switch).
 *
 * <p>One half of the memory is set aside in equal parts, one for each connection that there may be. A connection always
 * gets its part, whatever others hold. The other half is common, and may be borrowed. A connection borrows at most three
 * quarters of what the others leave of it. So one connection alone gets most of the memory, and a second one always finds
 * something to borrow. Memory that is lent comes back only when its holder gives it back. The rule therefore never counts
 * on memory that somebody else holds.
 *
 * <p>Invariant: as long as there are at most as many connections as were planned for, what all of them may hold by this
 * rule is never more than the limit.
 *
 * @param guaranteed bytes that each connection may hold in any case
 * @param common bytes that may be borrowed
 */
record ShareRule(long guaranteed, long common) {
    /**
     * Divides the memory.
     *
     * @param limit bytes, not negative
     * @param connectionsMax at least 1
     */
    static ShareRule of(long limit, int connectionsMax) {
        if (limit < 0 || connectionsMax < 1) {
            throw new IllegalArgumentException(limit + " bytes for " + connectionsMax + " connections");
        }
        long guaranteed = limit / 2 / connectionsMax;
        return new ShareRule(guaranteed, limit - guaranteed * connectionsMax);
    }

    /** Returns how many bytes a connection has borrowed that holds so many. */
    long borrowed(long held) {
        return Math.max(0, held - guaranteed);
    }

    /**
     * Returns whether a connection may hold so many bytes.
     *
     * @param borrowedByOthers what all other connections have borrowed
     */
    boolean allows(long held, long borrowedByOthers) {
        long borrowed = borrowed(held);
        return borrowed == 0 || borrowed <= (common - borrowedByOthers) / 4 * 3;
    }
}
