package io.holdfast.cli.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import tools.jackson.databind.JsonNode;

/** The replies to a request: any number of steps, and then a result or an error. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "reply")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Reply.Result.class, name = "result"),
    @JsonSubTypes.Type(value = Reply.Problem.class, name = "error"),
    @JsonSubTypes.Type(value = Reply.Step.class, name = "progress")
})
sealed interface Reply {
    /** The operation's value; an empty object for an operation without one. */
    record Result(JsonNode value) implements Reply {}

    /** An error of the engine. */
    record Problem(ErrorCode code, String message) implements Reply {
        HoldfastException toException() {
            return code == ErrorCode.INVALID && message.startsWith(Codec.NO_REQUEST)
                    ? new HoldfastException(
                            ErrorCode.UNSUPPORTED,
                            "the server of the volume does not know what this command asks for, since it runs another"
                                    + " version of Holdfast; stop it and start it again")
                    : new HoldfastException(code, message);
        }
    }

    /** The progress of a long operation. */
    record Step(long done, long total) implements Reply {}
}
