package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.log.Journal;
import io.holdfast.cli.log.LogFormat;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code serve} that are about its log. */
final class LogArguments {
    private static final List<Level> LEVELS = List.of(Level.ERROR, Level.WARNING, Level.INFO, Level.DEBUG);

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            description = "What a line of the log on standard error is: 'text', or 'json' for one object a line."
                    + " Default: json with --json, else text")
    private @Nullable String format;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "info",
            description = "Log this and what is worse: error, warning, info or debug. Default: ${DEFAULT-VALUE}")
    private String level = "info";

    /**
     * Returns what a line looks like.
     *
     * @param json whether the command prints its own lines as JSON
     */
    LogFormat format(boolean json) {
        return new LogFormat(format == null ? json : isJson(format), Journal.reads());
    }

    private static boolean isJson(String format) {
        return switch (format) {
            case "json" -> true;
            case "text" -> false;
            default -> throw new UsageException("--log-format is text or json, not '" + format + "'");
        };
    }

    Level level() {
        return LEVELS.stream()
                .filter(known -> known.getName().toLowerCase(Locale.ROOT).equals(level))
                .findFirst()
                .orElseThrow(
                        () -> new UsageException("--log-level is error, warning, info or debug, not '" + level + "'"));
    }
}
