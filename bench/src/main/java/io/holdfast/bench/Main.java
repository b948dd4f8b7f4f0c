package io.holdfast.bench;

import picocli.CommandLine;

/** The harness's commands. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        CommandLine line = new CommandLine(new Commands());
        line.addSubcommand(new BenchCommand());
        line.addSubcommand(new ProfileCommand());
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            System.err.println("bench: " + e.getMessage());
            if (System.getenv("HOLDFAST_DEBUG") != null) {
                e.printStackTrace();
            }
            return 1;
        });
        System.exit(line.execute(args));
    }

    @CommandLine.Command(name = "harness", description = "See ./dev bench and ./dev profile.")
    private static final class Commands {}
}
