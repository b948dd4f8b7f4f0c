package io.holdfast.cli;

import io.holdfast.cli.Cancellation.CancelledException;
import io.holdfast.cli.control.ServerLostException;
import io.holdfast.cli.host.ReaderGoneException;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.TypeConversionException;

/** Turns an exception of a command into one line for the person at the terminal, and an exit code. */
public final class ErrorReporter {
    private final PrintStream err;
    private final boolean debug;
    private final boolean json;
    private final boolean reads;

    /** Makes the reporter for what happens outside a command. */
    public ErrorReporter(PrintStream err, boolean debug, boolean json) {
        this(err, debug, json, false);
    }

    /** @param reads the command reads a volume, so an error of a device is damage of what it has */
    public ErrorReporter(PrintStream err, boolean debug, boolean json, boolean reads) {
        this.err = err;
        this.debug = debug;
        this.json = json;
        this.reads = reads;
    }

    /**
     * Reports the error and returns how the command ends. Nothing is said of a reader that has left: it wanted no more, and
     * programs that a signal ends there say nothing, either.
     */
    public ExitCode report(Throwable thrown) {
        Throwable error = unwrap(thrown);
        ExitCode exit = exitCode(error);
        if (exit != ExitCode.READER_GONE) {
            say(error, exit);
        }
        if (debug) {
            thrown.printStackTrace(err);
        }
        return exit;
    }

    private void say(Throwable error, ExitCode exit) {
        String message = Names.printable(message(error));
        boolean damage = isDamage(error);
        if (json) {
            Map<String, Object> object =
                    Json.object("error", code(error, exit), "message", message, "exit_code", exit.status());
            if (damage) {
                object.put("advice", DamageAdvice.TEXT);
            }
            err.println(Json.line(object));
        } else {
            err.println("holdfast: " + message);
            if (damage) {
                err.println(DamageAdvice.TEXT);
            }
        }
    }

    private boolean isDamage(Throwable error) {
        return error instanceof HoldfastException e
                && switch (e.code()) {
                    case CHECKSUM_MISMATCH, DAMAGED -> true;
                    case DEVICE_ERROR -> reads && !isRefusal(e);
                    default -> false;
                };
    }

    /** Returns whether the system did not open the device for a reason that says nothing of it, such as its mode. */
    private static boolean isRefusal(HoldfastException error) {
        return error.getCause() instanceof FileSystemException e
                && !String.valueOf(e.getReason()).contains("Input/output error");
    }

    private static Throwable unwrap(Throwable thrown) {
        Throwable cause = thrown instanceof UncheckedIOException ? thrown.getCause() : thrown;
        return cause == null ? thrown : cause;
    }

    private static ExitCode exitCode(Throwable error) {
        return switch (error) {
            case ServerLostException _ -> ExitCode.SERVER_LOST;
            case HoldfastException e -> ExitCode.of(e.code());
            case NoSuchFileException _ -> ExitCode.NOT_FOUND;
            case FileAlreadyExistsException _ -> ExitCode.EXISTS;
            case CancelledException _ -> ExitCode.INTERRUPTED;
            case UsageException _, TypeConversionException _ -> ExitCode.USAGE;
            case ReaderGoneException _ -> ExitCode.READER_GONE;
            default -> ExitCode.FAILURE;
        };
    }

    private static String code(Throwable error, ExitCode exit) {
        return switch (error) {
            case ServerLostException _ -> exit.name();
            case HoldfastException e -> e.code().name();
            default -> exit.name();
        };
    }

    private static String message(Throwable error) {
        return switch (error) {
            case HoldfastException e ->
                text(e) + (e.getCause() instanceof AccessDeniedException ? "; run as its owner or as root" : "");
            case CancelledException e -> text(e);
            case UsageException e -> text(e);
            case TypeConversionException e -> text(e);
            case NoSuchFileException e -> e.getFile() + ": no such file or directory";
            case FileAlreadyExistsException e -> e.getFile() + ": exists already; choose another name or use --force";
            case AccessDeniedException e -> e.getFile() + ": permission denied; run as its owner or as root";
            case DirectoryNotEmptyException e -> e.getFile() + ": directory not empty";
            case FileSystemException e -> e.getFile() + ": " + reason(e);
            case IOException e -> text(e);
            case OutOfMemoryError e ->
                "out of memory (" + text(e) + "); close other programs, or let the program have more with"
                        + " HOLDFAST_JAVA_OPTS=-Xmx2g";
            default -> "internal error: " + error + "; run again with --debug and report what it prints";
        };
    }

    /** The system's texts begin with a capital letter. */
    private static String reason(FileSystemException e) {
        String reason = e.getReason();
        return reason == null || reason.isEmpty()
                ? "failed"
                : reason.substring(0, 1).toLowerCase(Locale.ROOT) + reason.substring(1);
    }

    private static String text(Throwable error) {
        String message = error.getMessage();
        return message == null ? error.getClass().getSimpleName() : message;
    }
}
