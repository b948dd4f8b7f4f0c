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
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * Messages to JSON and back. What is read comes from another process and is believed in nothing: the set of types is
 * closed, members must be there and not null, nesting and lengths are bounded.
 */
final class Codec {
    /** How a server begins its answer to what it does not know. */
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
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
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
        try {
            return require(MAPPER.readValue(json, Request.class));
        } catch (JacksonException e) {
            throw new FrameException(NO_REQUEST + e.getOriginalMessage());
        }
    }

    static Reply reply(byte[] json) throws FrameException {
        try {
            return require(MAPPER.readValue(json, Reply.class));
        } catch (JacksonException e) {
            throw new FrameException("not a reply: " + e.getOriginalMessage());
        }
    }

    static <T> T value(JsonNode node, Class<T> type) throws FrameException {
        try {
            return require(MAPPER.treeToValue(node, type));
        } catch (JacksonException e) {
            throw new FrameException("not a " + type.getSimpleName() + ": " + e.getOriginalMessage());
        }
    }

    static <T> List<T> list(JsonNode node, Class<T> element) throws FrameException {
        JavaType type = MAPPER.getTypeFactory().constructCollectionType(List.class, element);
        try {
            List<T> list = MAPPER.treeToValue(node, type);
            return require(list);
        } catch (JacksonException e) {
            throw new FrameException("not a list of " + element.getSimpleName() + ": " + e.getOriginalMessage());
        }
    }

    private static <T> T require(@Nullable T value) throws FrameException {
        return Optional.ofNullable(value).orElseThrow(() -> new FrameException("null where a value is needed"));
    }
}
