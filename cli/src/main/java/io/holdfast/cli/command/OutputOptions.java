package io.holdfast.cli.command;

import io.holdfast.cli.text.Json;
import java.io.PrintStream;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How a command prints. */
public final class OutputOptions {
    @Option(
            names = "--json",
            description = "Print JSON, one object a line, sizes in bytes; errors too, to standard error.")
    private boolean json;

    @Option(names = "--debug", description = "On an error, print where in the program it came from.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and end.")
    @SuppressWarnings("unused") // picocli acts on it
    private boolean help;

    public boolean json() {
        return json;
    }

    public boolean debug() {
        return debug || System.getenv("HOLDFAST_DEBUG") != null;
    }

    /** Prints a result: as JSON, or as {@code text} does. */
    public void print(PrintStream out, Map<String, ?> object, Consumer<PrintStream> text) {
        if (json) {
            out.println(Json.line(object));
        } else {
            text.accept(out);
        }
        out.flush();
    }
}
