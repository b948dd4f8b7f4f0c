package io.holdfast.cli.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * An answer: exactly one of a result, an error, or progress, which an answer follows.
 *
 * @param result the operation's value; an empty object for an operation without one
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
record Reply(Optional<JsonNode> result, Optional<Problem> error, Optional<Step> progress) {
    static Reply of(JsonNode result) {
        return new Reply(Optional.of(result), Optional.empty(), Optional.empty());
    }

    static Reply of(ErrorCode code, String message) {
        return new Reply(Optional.empty(), Optional.of(new Problem(code, message)), Optional.empty());
    }

    static Reply step(long done, long total) {
        return new Reply(Optional.empty(), Optional.empty(), Optional.of(new Step(done, total)));
    }

    /** An error of the engine. */
    record Problem(ErrorCode code, String message) {
        HoldfastException toException() {
            return new HoldfastException(code, message);
        }
    }

    /** How far a long operation is. */
    record Step(long done, long total) {}
}
