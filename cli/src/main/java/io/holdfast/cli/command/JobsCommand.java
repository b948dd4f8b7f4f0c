package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.cli.text.Table;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.JobStatus;
import io.holdfast.volume.Jobs;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code holdfast jobs}. */
@Command(
        name = "jobs",
        description = "List and control the background work of a served volume: checks, and the freeing of space.",
        footer = {
            "",
            "  holdfast jobs VOLUME [list]",
            "  holdfast jobs VOLUME pause|resume|cancel ID",
            "  holdfast jobs VOLUME rate ID RATE|none",
            "",
            "A job that is paused reads and writes nothing; one that frees space goes on as far as a client needs the space.",
            "Rates are upper bounds, in bytes per second: 200M. All jobs make way for clients by themselves.",
            "Pauses and rates last until the job or the server ends."
        })
final class JobsCommand extends VolumeCommand {
    /** What to do. */
    enum Action {
        LIST,
        PAUSE,
        RESUME,
        CANCEL,
        RATE
    }

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "ACTION",
            converter = ActionConverter.class,
            defaultValue = "list",
            description = "list, pause, resume, cancel or rate. Default: list")
    private Action action;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "ID",
            converter = IdConverter.class,
            description = "The number of the job, as listed.")
    private Optional<Long> id = Optional.empty();

    @Parameters(
            index = "3",
            arity = "0..1",
            paramLabel = "RATE",
            converter = RateConverter.class,
            description = "For rate: bytes per second at most, as in 200M; none for no bound.")
    private Optional<Long> rate = Optional.empty();

    JobsCommand(CliContext context) {
        super(context, false);
    }

    /** Converts the number of a job. */
    static final class IdConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            try {
                return Long.parseLong(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not the number of a job: see 'holdfast jobs'");
            }
        }
    }

    /** Converts the name of an action. */
    static final class ActionConverter implements ITypeConverter<Action> {
        @Override
        public Action convert(String value) {
            for (Action action : Action.values()) {
                if (action.name().toLowerCase(Locale.ROOT).equals(value)) {
                    return action;
                }
            }
            throw new TypeConversionException("'" + value + "' is none of list, pause, resume, cancel and rate");
        }
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        if (!(volume instanceof RemoteVolume)) {
            return notServed();
        }
        Jobs jobs = volume.jobs();
        if (action == Action.LIST) {
            list(jobs.list());
            return ExitCode.OK;
        }
        long job = id.orElseThrow();
        switch (action) {
            case PAUSE -> jobs.pause(job);
            case RESUME -> jobs.resume(job);
            case CANCEL -> jobs.cancel(job);
            case RATE -> jobs.limit(job, rate.orElseThrow());
            case LIST -> {}
        }
        if (action == Action.CANCEL) {
            output().print(
                            context().out(),
                            Json.object("job", job, "cancelled", true),
                            out -> out.println("job " + job + ": ends"));
        } else {
            list(jobs.list().stream().filter(status -> status.id() == job).toList());
        }
        return ExitCode.OK;
    }

    @Override
    protected void requireSense() {
        String name = action.name().toLowerCase(Locale.ROOT);
        if (action == Action.LIST ? id.isPresent() : id.isEmpty()) {
            throw new UsageException(
                    action == Action.LIST
                            ? "list takes no job"
                            : name + " needs the number of a job: see 'holdfast jobs'");
        }
        if ((action == Action.RATE) != rate.isPresent()) {
            throw new UsageException(
                    action == Action.RATE ? "rate needs a rate: 200M, or none" : name + " takes no rate");
        }
    }

    private ExitCode notServed() throws HoldfastException {
        String why = "nobody serves " + device() + ", so there are no jobs";
        if (action != Action.LIST) {
            throw new HoldfastException(ErrorCode.NOT_FOUND, why);
        }
        output().print(
                        context().out(),
                        Json.object("served", false, "jobs", List.of()),
                        out -> out.println(Names.printable(why)));
        return ExitCode.OK;
    }

    private void list(List<JobStatus> jobs) {
        output().print(
                        context().out(),
                        Json.object(
                                "served",
                                true,
                                "jobs",
                                jobs.stream().map(JobsCommand::json).toList()),
                        out -> show(out, jobs));
    }

    private static void show(PrintStream out, List<JobStatus> jobs) {
        if (jobs.isEmpty()) {
            out.println("no jobs");
            return;
        }
        Table table = new Table(true, ">id", "job", "state", ">done", ">rate", ">limit", ">moved", ">time");
        for (JobStatus job : jobs) {
            table.row(
                    Long.toString(job.id()),
                    Names.printable(job.kind().label() + ": " + job.subject()),
                    job.state().label(),
                    job.percent() < 0 ? "-" : job.percent() + " %",
                    rate(job.rate()),
                    rate(job.limit()),
                    Sizes.show(job.movedBytes()),
                    Durations.show(job.nanos()));
        }
        table.print(out);
    }

    private static String rate(long bytes) {
        return bytes == 0 ? "-" : Sizes.show(bytes) + "/s";
    }

    /** Returns a job for programs. */
    static Map<String, Object> json(JobStatus job) {
        return Json.object(
                "id", job.id(),
                "kind", job.kind().label(),
                "subject", job.subject(),
                "state", job.state().label(),
                "done_bytes", job.doneBytes(),
                "total_bytes", job.totalBytes(),
                "moved_bytes", job.movedBytes(),
                "rate_bytes", job.rate(),
                "limit_bytes", job.limit(),
                "seconds", job.nanos() / 1e9);
    }
}
