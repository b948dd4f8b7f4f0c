package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.text.Json;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.VolumeRepair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** {@code holdfast check --repair} and {@code --undo-repair}. */
final class RepairSession {
    private static final int ANSWER_MAX = 16;

    private final CliContext context;
    private final OutputOptions output;
    private final Path device;
    private final OpenOptions openOptions;
    private final RepairOptions options;

    RepairSession(
            CliContext context, OutputOptions output, Path device, OpenOptions openOptions, RepairOptions options) {
        this.context = context;
        this.output = output;
        this.device = device;
        this.openOptions = openOptions;
        this.options = options;
    }

    /** Checks the volume, shows what was found, and returns the exit status of that. */
    interface Check {
        ExitCode run(VolumeRepair repair) throws IOException;
    }

    /**
     * Repairs.
     *
     * @return the status of the check; if the volume was repaired, it is to be checked again
     */
    Result repair(Check check) throws IOException {
        Cancellation cancel = context.cancel();
        try (Cancellation.Guard guard = cancel.guard();
                VolumeRepair repair =
                        guard.of(new VolumeAccess(context.engine(), cancel).repair(device, openOptions))) {
            ExitCode found = check.run(repair);
            RepairPlan plan = repair.plan();
            output.print(context.out(), RepairView.json(plan), out -> RepairView.show(out, plan));
            if (!plan.isPossible()) {
                say("there is nothing to repair" + (plan.findings() == 0 ? "" : " without a second copy"));
                return new Result(found, false);
            }
            if (options.dryRun()) {
                say("a repair would mend " + RepairView.sum(plan) + "; nothing was changed");
                return new Result(found, false);
            }
            if (!options.yes() && !isWanted("Repair " + RepairView.sum(plan) + "? [y/N] ")) {
                say("nothing was changed");
                return new Result(found, false);
            }
            cancel.check();
            repair.apply();
        }
        output.print(
                context.out(),
                Json.object("repaired", true),
                out -> out.println("repaired; until the volume is opened for writing, 'holdfast check " + device
                        + " --undo-repair' goes back to what was before"));
        return new Result(ExitCode.OK, true);
    }

    /** What became of a repair. */
    record Result(ExitCode exit, boolean repaired) {}

    private void say(String text) {
        if (!output.json()) {
            context.out().println(text);
            context.out().flush();
        }
    }

    private boolean isWanted(String question) throws IOException {
        context.err().print(question);
        context.err().flush();
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        int next = context.in().read();
        while (next >= 0 && next != '\n') {
            if (answer.size() < ANSWER_MAX) {
                answer.write(next);
            }
            next = context.in().read();
        }
        String text = answer.toString(StandardCharsets.UTF_8).strip();
        return text.equalsIgnoreCase("y") || text.equalsIgnoreCase("yes");
    }

    /** Undoes the last repair. */
    ExitCode undo() throws IOException {
        new VolumeAccess(context.engine(), context.cancel()).undoRepair(device, openOptions);
        output.print(
                context.out(),
                Json.object("undone", true),
                out -> out.println("the repair of " + device + " is undone: the volume is as it was before it"));
        return ExitCode.OK;
    }
}
