package io.holdfast.cli.config;

import io.holdfast.cli.UsageException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * A configuration file in TOML: keys with values, and no tables but in arrays.
 *
 * @param entries by key
 */
record ConfigFile(Path path, Map<String, Entry> entries) {
    /** More than any configuration has; the parser needs some hundred times as much memory. */
    private static final long BYTES_MAX = 256 << 10;

    /** What a key has: one value, or several in an array. */
    record Entry(String key, int line, List<Value> values) {}

    /**
     * A value as the command line would have it.
     *
     * @param flag it is {@code true} or {@code false} without quotes
     * @param parts of a table; empty if it was none
     */
    record Value(String text, boolean flag, List<ConfiguredTable.Part> parts, int line) {
        static Value plain(String text, boolean flag, int line) {
            return new Value(text, flag, List.of(), line);
        }

        static Value table(List<ConfiguredTable.Part> parts, int line) {
            String text = parts.stream().map(ConfiguredTable.Part::word).collect(Collectors.joining(","));
            return new Value(text, false, parts, line);
        }
    }

    /**
     * Reads a file.
     *
     * @throws UsageException naming the file and the line of what is wrong in it
     * @throws IOException if it cannot be read
     */
    static ConfigFile read(Path path) throws IOException {
        String text;
        try {
            if (Files.isDirectory(path)) {
                throw new UsageException(path + ": is a directory; the configuration is a file in TOML");
            }
            if (Files.size(path) > BYTES_MAX) {
                throw new UsageException(path + ": has more than " + BYTES_MAX + " bytes, which no configuration has");
            }
            text = Files.readString(path, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw new UsageException(path + ": is not UTF-8");
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(path.toString());
        }
        TomlParseResult parsed = Toml.parse(text);
        if (parsed.hasErrors()) {
            TomlParseError first = parsed.errors().getFirst();
            throw wrong(path, first.position().line(), String.valueOf(first.getMessage()));
        }
        Map<String, Entry> entries = new TreeMap<>();
        for (String key : parsed.keySet()) {
            List<String> at = List.of(key);
            int line = line(parsed.inputPositionOf(at));
            Object value = Objects.requireNonNull(parsed.get(at), "a key has a value");
            entries.put(key, new Entry(key, line, values(path, key, line, value)));
        }
        return new ConfigFile(path, entries);
    }

    private static List<Value> values(Path path, String key, int line, Object value) {
        if (!(value instanceof TomlArray array)) {
            return List.of(value(path, key, line, value));
        }
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            int at = line(array.inputPositionOf(i));
            values.add(
                    array.get(i) instanceof TomlTable table
                            ? Value.table(
                                    ConfiguredTable.parts(table, at, (place, message) -> wrong(path, place, message)),
                                    at)
                            : value(path, key, at, array.get(i)));
        }
        return List.copyOf(values);
    }

    private static Value value(Path path, String key, int line, Object value) {
        return switch (value) {
            case String text -> Value.plain(text, false, line);
            case Long number -> Value.plain(number.toString(), false, line);
            case Boolean flag -> Value.plain(flag.toString(), true, line);
            case TomlTable _ ->
                throw wrong(path, line, "'" + key + "' is a table; this file has keys with values alone");
            default ->
                throw wrong(path, line, "key '" + key + "': write a string in quotes, a whole number, true or false");
        };
    }

    private static int line(TomlPosition position) {
        return position.line();
    }

    /** Returns the error for what stands in a line. */
    UsageException wrong(int line, String message) {
        return wrong(path, line, message);
    }

    private static UsageException wrong(Path path, int line, String message) {
        return new UsageException(path + ":" + line + ": " + message);
    }
}
