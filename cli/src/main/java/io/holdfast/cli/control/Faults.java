package io.holdfast.cli.control;

import io.holdfast.error.Printable;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.exc.MismatchedInputException;

/** Says in words what is wrong with a message, for the author of a program that sends such messages. */
final class Faults {
    private static final int SHOWN_CHARS_MAX = 64;

    private Faults() {}

    /** Returns why the bytes are not JSON. */
    static String unreadable(JacksonException e, int depthMax) {
        return e instanceof StreamConstraintsException
                ? "it is nested deeper than " + depthMax + ", or has a number or a name of a member that is too long"
                : "it is not JSON in UTF-8, from byte "
                        + Math.max(0, e.getLocation().getByteOffset()) + " on";
    }

    /**
     * Returns the first fault that no message may have anywhere: a string with half of a surrogate pair, or null in a
     * list.
     */
    static Optional<String> inText(JsonNode node) {
        return find(node, "");
    }

    private static Optional<String> find(JsonNode node, String at) {
        if (node.isString()) {
            boolean half = node.stringValue().codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE);
            return half ? Optional.of("'" + at + "' has half of a surrogate pair") : Optional.empty();
        }
        if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                String element = at + "[" + i + "]";
                Optional<String> fault =
                        node.get(i).isNull() ? Optional.of("'" + element + "' is null") : find(node.get(i), element);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        for (var member : node.properties()) {
            String name = shown(member.getKey());
            Optional<String> fault = find(member.getValue(), at.isEmpty() ? name : at + "." + name);
            if (fault.isPresent()) {
                return fault;
            }
        }
        return Optional.empty();
    }

    /** Returns why an object is not a valid request. */
    static String ofRequest(JacksonException e, JsonNode request) {
        if (e instanceof InvalidTypeIdException) {
            JsonNode op = request.path("op");
            return op.isString()
                    ? "there is no operation '" + shown(op.stringValue()) + "'"
                    : op.isMissingNode() ? "it has no 'op', which says what to do" : "'op' is not a text";
        }
        return ofMember(e, request);
    }

    private static String ofMember(JacksonException e, JsonNode request) {
        if (e.getPath().isEmpty()) {
            return e instanceof InputCoercionException number
                    ? "a member is not " + wanted(number.getTargetType())
                    : "a member is not what it must be";
        }
        StringBuilder name = new StringBuilder();
        JsonNode value = request;
        for (JacksonException.Reference step : e.getPath()) {
            String member = step.getPropertyName();
            if (member != null) {
                name.append(name.isEmpty() ? "" : ".").append(shown(member));
                value = value.path(member);
            } else {
                name.append('[').append(step.getIndex()).append(']');
                value = value.path(step.getIndex());
            }
        }
        String wanted = switch (e) {
            case MismatchedInputException mismatch -> wanted(mismatch.getTargetType());
            case InputCoercionException number -> wanted(number.getTargetType());
            default -> "";
        };
        if (value.isMissingNode()) {
            return "'" + name + "' is missing" + (wanted.isEmpty() ? "" : ": " + wanted);
        }
        return "'" + name + "' is not " + (wanted.isEmpty() ? "what it must be" : wanted);
    }

    private static String wanted(@Nullable Class<?> type) {
        if (type == null) {
            return "";
        } else if (type == String.class) {
            return "a text";
        } else if (type == boolean.class) {
            return "true or false";
        } else if (type == int.class || type == Integer.class) {
            return "a whole number from -2^31 to 2^31 - 1";
        } else if (type == long.class || type == Long.class) {
            return "a whole number from -2^63 to 2^63 - 1";
        } else if (type == Instant.class) {
            return "a time as 2026-11-29T09:01:02Z";
        } else if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(constant -> ((Enum<?>) constant).name())
                    .collect(Collectors.joining(" or "));
        } else if (Collection.class.isAssignableFrom(type)) {
            return "a list";
        }
        return type.isRecord() ? "an object with what belongs to it" : "";
    }

    private static String shown(String text) {
        return Printable.of(text.length() <= SHOWN_CHARS_MAX ? text : text.substring(0, SHOWN_CHARS_MAX) + "…");
    }
}
