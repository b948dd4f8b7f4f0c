package io.holdfast.log;

/**
 * What is known of the data of a record.
 *
 * @param isTorn a block is there and does not match: the record was not written to its end
 * @param unreadable the first block that the device does not bring, or -1
 * @param why it does not
 */
record DataState(boolean isTorn, long unreadable, String why) {
    static final DataState WHOLE = new DataState(false, -1, "");
    static final DataState TORN = new DataState(true, -1, "");

    static DataState unreadable(long block, String why) {
        return new DataState(false, block, why);
    }

    boolean isWhole() {
        return !isTorn && unreadable < 0;
    }

    DataState and(DataState other) {
        if (isTorn || other.isTorn) {
            return TORN;
        }
        return isWhole() ? other : this;
    }
}
