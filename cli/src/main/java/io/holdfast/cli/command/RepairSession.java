package io.holdfast.cli.command;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.volume.LiveRepair;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.VolumeRepair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** {@code holdfast check --repair} and {@code --undo-repair}. */
final class RepairSession {
    private static final int ANSWER_MAX = 16;

    private final CliContext context;
    private final OutputOptions output;
    private final Path device;
    private final OpenOptions openOptions;
    private final RepairOptions options;
    private final ProgressOption progressOption;

    RepairSession(
            CliContext context,
            OutputOptions output,
            Path device,
            OpenOptions openOptions,
            RepairOptions options,
            ProgressOption progressOption) {
        this.progressOption = progressOption;
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
            output.printAnyway(context.out(), RepairView.json(plan), out -> RepairView.show(out, plan));
            if (!plan.isPossible()) {
                say("there is nothing to repair" + (plan.findings() == 0 ? "" : " without a second copy"));
                return new Result(found, false);
            }
            if (options.dryRun()) {
                say("a repair would mend " + RepairView.sum(plan) + "; nothing was changed");
                return new Result(found, false);
            }
            OptionalLong wait = repair.clientsWait();
            wait.ifPresent(nanos -> say(waiting(nanos)));
            if (!options.yes() && !isWanted("Repair " + RepairView.sum(plan) + "? [y/N] ")) {
                say("nothing was changed");
                return new Result(found, false);
            }
            cancel.check();
            RepairPlan done = apply(repair);
            if (!done.isPossible()) {
                output.printAnyway(
                        context.out(),
                        Json.object("repaired", false),
                        out -> out.println(
                                "nothing was left to repair: clients have changed the volume meanwhile; they go on"));
                return new Result(ExitCode.OK, true);
            }
            if (!done.repairs().equals(plan.repairs())) {
                say("meanwhile the volume has changed; this was repaired:");
                output.printAnyway(context.out(), RepairView.json(done), out -> RepairView.show(out, done));
            }
            repaired(wait.isPresent());
        }
        return new Result(ExitCode.OK, true);
    }

    private RepairPlan apply(VolumeRepair repair) throws IOException {
        try (ProgressLine progress =
                progressOption.start(context, output, "repair", ProgressLine.Unit.STEPS, LiveRepair.STEPS)) {
            return repair.apply((done, total) -> {
                context.cancel().check();
                progress.update(done, total);
            });
        }
    }

    private void repaired(boolean served) {
        output.printAnyway(
                context.out(),
                Json.object("repaired", true),
                out -> out.println(
                        served
                                ? "repaired; clients go on, so this cannot be undone"
                                : "repaired; until the volume is opened for writing, 'holdfast check " + device
                                        + " --undo-repair' goes back to what was before"));
    }

    private static String waiting(long nanos) {
        long seconds = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1));
        return "the volume is being served: for the repair its clients wait, for about " + seconds
                + " s; then their NBD connections end, and those that connect again go on";
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
        output.printAnyway(
                context.out(),
                Json.object("undone", true),
                out -> out.println("the repair of " + device + " is undone: the volume is as it was before it"));
        return ExitCode.OK;
    }
}
