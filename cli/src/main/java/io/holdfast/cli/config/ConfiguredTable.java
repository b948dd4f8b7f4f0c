package io.holdfast.cli.config;

import io.holdfast.cli.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** A table of a configuration file, as the command line has it: the path, and behind commas the other parts. */
final class ConfiguredTable {
    private static final String PATH = "path";

    private ConfiguredTable() {}

    /**
     * Returns the text of a table. Its key {@code path} comes first; a switch that is true is its name; of an array each
     * value stands with its key.
     *
     * @param wrong makes the error for a message
     */
    static String text(TomlTable table, Function<String, UsageException> wrong) {
        if (!(table.get(List.of(PATH)) instanceof String path)) {
            throw wrong.apply("a table needs a key '" + PATH + "', with a string in quotes");
        }
        List<String> words = new ArrayList<>(List.of(escaped(path)));
        for (String key : table.keySet()) {
            Object value = table.get(List.of(key));
            if (key.equals(PATH)) {
                continue;
            }
            if (value instanceof TomlArray several) {
                several.toList().forEach(each -> word(words, key, each, wrong));
            } else {
                word(words, key, value, wrong);
            }
        }
        return String.join(",", words);
    }

    private static void word(List<String> words, String key, Object value, Function<String, UsageException> wrong) {
        switch (value) {
            case String text -> words.add(escaped(key + "=" + text));
            case Long number -> words.add(escaped(key + "=" + number));
            case Boolean yes -> {
                if (yes) {
                    words.add(escaped(key));
                }
            }
            default -> throw wrong.apply("key '" + key + "': write a string in quotes, a whole number, true or false");
        }
    }

    private static String escaped(String text) {
        return text.replace(",", ",,");
    }
}
