package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.UsageException;
import picocli.CommandLine.Option;

/** What {@code check} is to do beside checking. */
final class RepairOptions {
    @Option(
            names = "--repair",
            description =
                    "Mend what needs no second copy, after showing what that is and a question. Clients of a server wait"
                            + " meanwhile.")
    private boolean repair;

    @Option(names = "--dry-run", description = "With --repair: show what would be repaired, and change nothing.")
    private boolean dryRun;

    @Option(names = "--yes", description = "With --repair: do not ask.")
    private boolean yes;

    @Option(
            names = "--undo-repair",
            description = "Go back to the volume of before the last repair. That works until the volume is opened for"
                    + " writing.")
    private boolean undo;

    boolean repair() {
        return repair;
    }

    boolean dryRun() {
        return dryRun;
    }

    boolean yes() {
        return yes;
    }

    boolean undo() {
        return undo;
    }

    /** Refuses options that do not go together, and a question that nobody would answer, before anything is done. */
    void require(CliContext context) {
        if (undo && (repair || dryRun || yes)) {
            throw new UsageException("--undo-repair goes without --repair, --dry-run and --yes");
        }
        if (!repair && (dryRun || yes)) {
            throw new UsageException("--dry-run and --yes go with --repair");
        }
        if (dryRun && yes) {
            throw new UsageException("--dry-run changes nothing, so there is nothing to say --yes to");
        }
        if (repair && !dryRun && !yes && !context.asks().getAsBoolean()) {
            throw new UsageException(
                    "there is no terminal to ask on: give --dry-run to see what would be repaired, or --yes to repair it");
        }
    }
}
