package io.holdfast.cli;

import io.holdfast.cli.host.StandardOutput;
import io.holdfast.cli.text.Terminal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/**
 * The environment of a command: its engine, streams and cancellation.
 *
 * @param terminal whether {@code err} is a terminal; asked only when a command would show progress
 * @param asks whether somebody is there who reads {@code err} and answers on {@code in}; asked only before a question
 */
public record CliContext(
        Engine engine,
        InputStream in,
        PrintStream out,
        PrintStream err,
        BooleanSupplier terminal,
        BooleanSupplier asks,
        Cancellation cancel) {
    /** Makes the environment of a command that nobody answers. */
    public CliContext(
            Engine engine,
            InputStream in,
            PrintStream out,
            PrintStream err,
            BooleanSupplier terminal,
            Cancellation cancel) {
        this(engine, in, out, err, terminal, () -> false, cancel);
    }

    /** Returns the streams of this process. */
    static CliContext ofProcess(Engine engine) {
        return new CliContext(
                engine,
                System.in,
                StandardOutput.to(new FileOutputStream(FileDescriptor.out)),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Terminal::onStandardError,
                () -> Terminal.onStandardInput() && Terminal.onStandardError(),
                Cancellation.ofProcess());
    }
}
