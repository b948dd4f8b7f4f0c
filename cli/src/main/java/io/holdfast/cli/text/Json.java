package io.holdfast.cli.text;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** The JSON that {@code --json} prints: one object a line, names in snake_case, sizes in bytes. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}

    /** Returns one line. */
    public static String line(Map<String, ?> object) {
        return MAPPER.writeValueAsString(object);
    }

    /** Returns an object whose members keep this order; {@code pairs} are names and values in turn. */
    public static Map<String, Object> object(Object... pairs) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            object.put((String) pairs[i], pairs[i + 1]);
        }
        return object;
    }

    /** Returns an unsigned size as a number that JSON shows right. */
    public static Number unsigned(long bytes) {
        return bytes >= 0 ? Long.valueOf(bytes) : new BigInteger(Long.toUnsignedString(bytes));
    }
}
