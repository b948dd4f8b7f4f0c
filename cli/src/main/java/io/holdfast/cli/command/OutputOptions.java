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

    /** {@link Commands} adds the option to the commands that report what they did. */
    private boolean quiet;

    public boolean json() {
        return json;
    }

    public boolean debug() {
        return debug || System.getenv("HOLDFAST_DEBUG") != null;
    }

    public boolean quiet() {
        return quiet;
    }

    void setQuiet(boolean on) {
        quiet = on;
    }

    /** Prints a result, as {@link #printAnyway} does; nothing with {@code --quiet}. */
    public void print(PrintStream out, Map<String, ?> object, Consumer<PrintStream> text) {
        if (!quiet) {
            printAnyway(out, object, text);
        }
    }

    /** Prints what is more than the report of a success: as JSON, or as {@code text} does. */
    public void printAnyway(PrintStream out, Map<String, ?> object, Consumer<PrintStream> text) {
        if (json) {
            out.println(Json.line(object));
        } else {
            text.accept(out);
        }
        out.flush();
    }
}
