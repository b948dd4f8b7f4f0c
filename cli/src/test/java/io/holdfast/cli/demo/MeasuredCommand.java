package io.holdfast.cli.demo;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.HoldfastCli;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs a command in a process of its own, and says at the end how much memory the process had at most. */
final class MeasuredCommand {
    private MeasuredCommand() {}

    public static void main(String[] args) throws IOException {
        int status = new HoldfastCli(new CliContext(
                        Engine.HOLDFAST,
                        InputStream.nullInputStream(),
                        System.out,
                        System.err,
                        () -> false,
                        Cancellation.none()))
                .run(args);
        if (status != 0) {
            throw new IOException("it ended with status " + status);
        }
        System.out.println(Files.readString(Path.of("/proc/self/status")));
    }

    /** Returns the most bytes that a process had resident, and those that are swapped out, by its {@code /proc/PID/status}. */
    static long mostMemory(String status) {
        return status.lines()
                        .filter(line -> line.startsWith("VmHWM:") || line.startsWith("VmSwap:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                << 10;
    }
}
