package io.holdfast.cli;

import io.holdfast.cli.text.Terminal;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.function.BooleanSupplier;

/**
 * All that a command sees of the world around it.
 *
 * @param terminal whether {@code err} is a terminal; asked only when a command would show progress
 */
public record CliContext(
        Engine engine,
        InputStream in,
        PrintStream out,
        PrintStream err,
        BooleanSupplier terminal,
        Cancellation cancel) {
    /** Returns the streams of this process. */
    static CliContext ofProcess(Engine engine) {
        return new CliContext(
                engine, System.in, System.out, System.err, Terminal::onStandardError, Cancellation.ofProcess());
    }
}
