package io.holdfast.cli.control;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/**
 * Converts messages to JSON and back. Input comes from another process and is not trusted: the set of types is closed;
 * members must be present, not null and of their type; strings must be valid text; nesting and lengths are bounded.
 * {@link Faults} says in words what is wrong with a request.
 */
final class Codec {
    /** A server's answer to a request that it does not know begins with this. */
    static final String NO_REQUEST = "not a request: ";

    private static final int DEPTH_MAX = 8;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .maxStringLength(Frame.JSON_BYTES_MAX)
                            .maxDocumentLength(Frame.JSON_BYTES_MAX)
                            .build())
                    .build())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfig(
                    LogicalType.Textual,
                    config -> config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();

    private Codec() {}

    static byte[] bytes(Object message) {
        return MAPPER.writeValueAsBytes(message);
    }

    static JsonNode tree(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** Parses a request: {@code op} says which. */
    static Request request(byte[] json) throws FrameException {
        JsonNode node = tree(NO_REQUEST, json);
        try {
            return require(MAPPER.treeToValue(node, Request.class));
        } catch (JacksonException e) {
            throw new FrameException(NO_REQUEST + Faults.ofRequest(e, node));
        }
    }

    static Reply reply(byte[] json) throws FrameException {
        JsonNode node = tree("not a reply: ", json);
        try {
            return require(MAPPER.treeToValue(node, Reply.class));
        } catch (JacksonException e) {
            throw new FrameException("not a reply that there is");
        }
    }

    private static JsonNode tree(String what, byte[] json) throws FrameException {
        JsonNode node;
        try {
            node = MAPPER.readTree(json);
        } catch (JacksonException e) {
            throw new FrameException(what + Faults.unreadable(e, DEPTH_MAX));
        }
        if (!node.isObject()) {
            throw new FrameException(what + "it is not an object as {…}");
        }
        Optional<String> fault = Faults.inText(node);
        if (fault.isPresent()) {
            throw new FrameException(what + fault.get());
        }
        return node;
    }

    static <T> T value(JsonNode node, Class<T> type) throws FrameException {
        try {
            return require(MAPPER.treeToValue(node, type));
        } catch (JacksonException e) {
            throw new FrameException("the answer is not what was asked for");
        }
    }

    static <T> List<T> list(JsonNode node, Class<T> element) throws FrameException {
        JavaType type = MAPPER.getTypeFactory().constructCollectionType(List.class, element);
        try {
            List<T> list = MAPPER.treeToValue(node, type);
            return require(list);
        } catch (JacksonException e) {
            throw new FrameException("the answer is not the list that was asked for");
        }
    }

    private static <T> T require(@Nullable T value) throws FrameException {
        return Optional.ofNullable(value).orElseThrow(() -> new FrameException("null where a value is needed"));
    }
}
