package io.holdfast.volume;

import java.time.Instant;

/**
 * What is kept of a check of the whole volume that has come to its end.
 *
 * @param finished when it ended
 * @param nanos how long it took
 * @param problems how much is damaged: {@link CheckReport#problemCount}
 * @param unproven how many parts could not be checked
 */
public record FinishedCheck(Instant finished, long nanos, long problems, long unproven) {
    /** What a check has found. */
    public enum Result {
        CLEAN("clean"),
        /** Nothing is known to be damaged, and some parts could not be checked. */
        NOT_PROVEN("not proven"),
        DAMAGED("damaged");

        private final String label;

        Result(String label) {
            this.label = label;
        }

        /** Returns the name for people. */
        public String label() {
            return label;
        }
    }

    public Result result() {
        if (problems > 0) {
            return Result.DAMAGED;
        }
        return unproven > 0 ? Result.NOT_PROVEN : Result.CLEAN;
    }
}
