package io.holdfast.cli.config;

import io.holdfast.cli.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** A table of a configuration file, as the command line has it: the path, and behind commas the other parts. */
final class ConfiguredTable {
    private static final String PATH = "path";

    private ConfiguredTable() {}

    /**
     * One part.
     *
     * @param word what the command line has for it
     */
    record Part(String key, String word, int line) {}

    /**
     * Returns the parts of a table. Its key {@code path} comes first; a switch that is true is its name; of an array each
     * value stands with its key.
     *
     * @param line that the table begins in
     * @param wrong makes the error for a line and a message
     */
    static List<Part> parts(TomlTable table, int line, BiFunction<Integer, String, UsageException> wrong) {
        if (!(table.get(List.of(PATH)) instanceof String path)) {
            throw wrong.apply(
                    table.contains(List.of(PATH)) ? lineOf(table, PATH) : line,
                    "a table needs a key '" + PATH + "', with a string in quotes");
        }
        List<Part> parts = new ArrayList<>(List.of(new Part(PATH, escaped(path), lineOf(table, PATH))));
        for (String key : table.keySet()) {
            Object value = Objects.requireNonNull(table.get(List.of(key)), "a key has a value");
            if (key.equals(PATH)) {
                continue;
            }
            int at = lineOf(table, key);
            List<?> values = value instanceof TomlArray several ? several.toList() : List.of(value);
            for (Object each : values) {
                String word = word(key, each, message -> wrong.apply(at, message));
                if (!word.isEmpty()) {
                    parts.add(new Part(key, word, at));
                }
            }
        }
        return List.copyOf(parts);
    }

    private static int lineOf(TomlTable table, String key) {
        return Objects.requireNonNull(table.inputPositionOf(List.of(key)), "a key has a place")
                .line();
    }

    /** Returns the word for a value; nothing for a switch that is off. */
    private static String word(String key, Object value, Function<String, UsageException> wrong) {
        return switch (value) {
            case String text -> escaped(key + "=" + text);
            case Long number -> escaped(key + "=" + number);
            case Boolean yes -> yes ? escaped(key) : "";
            default -> throw wrong.apply("key '" + key + "': write a string in quotes, a whole number, true or false");
        };
    }

    private static String escaped(String text) {
        return text.replace(",", ",,");
    }
}
