package io.holdfast.log;

import io.holdfast.error.HoldfastException;
import io.holdfast.event.RepairEvent;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the log has twice, and takes the copy that is good. The second one is read if the first is not good, or if it
 * is to be found out whether both are.
 */
final class TwinReader {
    private final RecordReader.Problems problems;
    private boolean readsBoth;

    TwinReader(RecordReader.Problems problems) {
        this.problems = problems;
    }

    /** A copy, or why it is none. */
    record Copy<T>(@Nullable T content, String why, boolean unreadable) {
        static <T> Copy<T> of(T content) {
            return new Copy<>(content, "", false);
        }

        static <T> Copy<T> wrong() {
            return new Copy<>(null, "it has something else", false);
        }

        static <T> Copy<T> unreadable(HoldfastException e) {
            return new Copy<>(null, String.valueOf(e.getMessage()), true);
        }
    }

    /** Reads a copy. */
    interface Reading<T, E extends Exception> {
        /**
         * Reads the copy in a block.
         *
         * @param anew from the device, not from what was read before
         */
        Copy<T> read(long block, boolean anew) throws E;
    }

    /** Compares copies that both are good. */
    interface Judge<T> {
        /** Returns whether both say the same. */
        boolean agree(T first, T second);

        /** Returns whether the second was written after the first, if they do not agree. */
        boolean isSecondNewer(T first, T second);

        /** Returns a judge of what cannot differ: both have the checksum that is wanted. */
        static <T> Judge<T> always() {
            return new Judge<>() {
                @Override
                public boolean agree(T first, T second) {
                    return true;
                }

                @Override
                public boolean isSecondNewer(T first, T second) {
                    return false;
                }
            };
        }
    }

    /**
     * What lies where.
     *
     * @param sequence of the record
     * @param name what both copies are
     * @param mayBeMissing whether there need not be any: the log may end here
     */
    record Twins(long sequence, long first, long second, String name, boolean mayBeMissing) {}

    /** Makes it read both copies always. */
    void readBoth() {
        readsBoth = true;
    }

    /** Returns the first copy that is good, or of two that differ the newer one; null if none is good. */
    <T, E extends Exception> @Nullable T read(Twins twins, Reading<T, E> reading, Judge<T> judge) throws E {
        Copy<T> first = reading.read(twins.first, false);
        if (first.content != null && !readsBoth) {
            return first.content;
        }
        Copy<T> second = Inject.off(Guard.LOG_TWINS) ? Copy.wrong() : reading.read(twins.second, false);
        if (first.content == null && second.content == null) {
            boolean neither = first.unreadable && second.unreadable;
            if (neither) {
                problems.neither(twins, first.why + "; " + second.why);
            }
            if (!neither || twins.mayBeMissing) {
                tell(twins.first, first, twins.mayBeMissing);
                tell(twins.second, second, twins.mayBeMissing);
            }
            return null;
        }
        if (first.content == null && !first.unreadable) {
            // The device may have brought another block, once: then nothing is damaged.
            first = reading.read(twins.first, true);
        }
        if (first.content == null) {
            problems.oneOfTwo(twins.sequence, twins.first, twins.name, first.why);
            RepairEvent.emit("the other copy of the log", twins.second);
            return second.content;
        }
        if (second.content == null) {
            if (readsBoth) {
                problems.oneOfTwo(twins.sequence, twins.second, copyOf(twins), second.why);
            }
            return first.content;
        }
        return chosen(twins, first.content, second.content, judge);
    }

    /** Returns one of two good copies: the newer one if they differ, and then tells of the other. */
    <T> T chosen(Twins twins, T first, T second, Judge<T> judge) {
        if (judge.agree(first, second)) {
            return first;
        }
        boolean secondNewer = judge.isSecondNewer(first, second);
        problems.oneOfTwo(
                twins.sequence,
                secondNewer ? twins.first : twins.second,
                secondNewer ? twins.name : copyOf(twins),
                "it has an older record, so a write of it was lost");
        return secondNewer ? second : first;
    }

    private static String copyOf(Twins twins) {
        return "the copy of " + twins.name;
    }

    private void tell(long block, Copy<?> copy, boolean mayBeMissing) {
        if (copy.unreadable && mayBeMissing) {
            problems.mayHide(block, copy.why + " (where the next log record would be)");
        } else if (copy.unreadable) {
            problems.found(block, copy.why);
        }
    }
}
