package io.holdfast.cli.manual;

import io.holdfast.cli.config.ConfiguredLine;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdExport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;

/** The example of a configuration file, with every key that there is. */
final class ExampleConfig {
    static final String SHORT = """
            volume = "/var/lib/holdfast/vms.holdfast"
            nbd = "unix:/run/holdfast/vms.nbd"
            memory = "1G"
            """;

    private static final int WIDTH = 100;
    private static final List<String> SHOWN = List.of("volume", "nbd", "memory");

    private ExampleConfig() {}

    /** Returns the file. Keys but the first few are comments. */
    static String file(CommandLine serve) {
        StringBuilder text = new StringBuilder("""
                # An example for /etc/holdfast/NAME.toml, which holdfast@NAME.service reads. Every key is an option of
                # holdfast-serve(1). To look for mistakes: holdfast serve --config FILE --check-config

                """).append(SHORT).append('\n');
        for (ArgSpec key : ConfiguredLine.keys(serve)) {
            wrap(text, ManualPages.words(key));
            text.append(SHOWN.contains(ConfiguredLine.key(key)) ? "# " : "#")
                    .append(ConfiguredLine.key(key))
                    .append(" = ")
                    .append(value(key))
                    .append("\n\n");
        }
        return text.toString();
    }

    /** Returns a value that the key takes. */
    static String value(ArgSpec key) {
        Class<?> type = key.auxiliaryTypes().length == 0 ? key.type() : key.auxiliaryTypes()[0];
        String value = key.typeInfo().isBoolean() ? "true" : value(type, key);
        return key.isMultiValue() ? "[" + value + "]" : value;
    }

    private static String value(Class<?> type, ArgSpec key) {
        String known = key.defaultValue();
        if (type == Integer.class || type == int.class) {
            return known == null ? "512" : known;
        }
        String text = key.paramLabel();
        if (type == NbdAddress.class) {
            text = "unix:/run/holdfast/vms.nbd";
        } else if (type == Path.class) {
            text = text.equals("DIR") ? "/etc/holdfast/tls" : "/var/lib/holdfast/vms.holdfast";
        } else if (type == NbdExport.class) {
            text = "/debian.img,exclusive";
        } else if (text.equals("GROUP")) {
            text = "kvm";
        } else if (text.equals("MODE")) {
            text = "0660";
        } else if (type == Duration.class) {
            text = "7d";
        } else if (text.equals("SIZE")) {
            text = "1G";
        } else if (text.equals("ENGINE")) {
            text = "auto";
        }
        return "\"" + text + "\"";
    }

    private static void wrap(StringBuilder text, String words) {
        int column = 0;
        for (String word : words.split(" ", -1)) {
            if (column == 0 || column + word.length() + 1 > WIDTH) {
                text.append(column == 0 ? "# " : "\n# ");
                column = 2;
            } else {
                text.append(' ');
                column++;
            }
            text.append(word);
            column += word.length();
        }
        text.append('\n');
    }
}
