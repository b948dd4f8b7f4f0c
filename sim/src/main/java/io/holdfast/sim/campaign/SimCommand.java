package io.holdfast.sim.campaign;

import io.holdfast.sim.Result;
import io.holdfast.sim.Simulation;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./dev sim}: simulations by the thousand, or one of them by its seed. */
@Command(
        name = "./dev sim",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Simulates the engine with random seeds on all cores until one fails, or runs one seed.",
            "Every race and every fault of a run comes from its seed: the same seed gives the same run, to the last"
                    + " event."
        })
public final class SimCommand implements Callable<Integer> {
    private static final Pattern TIME = Pattern.compile("(\\d{1,6})([smh])");
    private static final Pattern WORK = Pattern.compile("(-?\\d+)\\+(\\d+)");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private Replay replay = new Replay();

    @Option(names = "--trace", description = "write what happens in that seed, in order")
    private boolean trace;

    @Option(names = "--for", paramLabel = "TIME", description = "end after this time: 90s, 10m, 8h")
    private @Nullable String length;

    @Option(names = "--from", paramLabel = "N", description = "count seeds up from this one, not from a random one")
    private @Nullable Long first;

    @Option(names = "--jobs", paramLabel = "N", description = "simulations at once (default: as many as cores)")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(names = "--worker", hidden = true)
    private @Nullable String work;

    /** The original arguments, for the workers. */
    private final List<String> arguments;

    private final PrintStream out = System.out;

    private SimCommand(List<String> arguments) {
        this.arguments = arguments;
    }

    /** Runs the command and ends the process, with status 1 if a simulation failed. */
    public static void main(String[] args) {
        CommandLine command = new CommandLine(new SimCommand(List.of(args)));
        command.setCaseInsensitiveEnumValuesAllowed(true);
        System.exit(command.execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (work != null) {
            Matcher parts = matching(WORK, work, "--worker");
            new Worker(replay, out).run(Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)));
            return 0;
        }
        if (replay.isGiven()) {
            return runOne() ? 0 : 1;
        }
        return runMany() ? 0 : 1;
    }

    private boolean runOne() {
        Result result = Simulation.run(replay.scenario(), trace ? out : null);
        RuntimeException violation = result.violation();
        if (violation != null) {
            violation.printStackTrace(out);
        }
        Tally tally = Tally.of(result);
        out.println(result.scenario());
        out.println(tally.summary());
        out.printf("%d events, trace hash %016x%n", result.events(), result.hash());
        return violation == null;
    }

    private boolean runMany() throws IOException, InterruptedException {
        // The seed is positive and short enough to type.
        long from = first != null ? first : ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) * 1000L;
        out.printf("seeds from %d on, %d at once%n", from, jobs);
        return new Campaign(out, arguments, jobs).run(from, length == null ? null : parseTime(length));
    }

    private Duration parseTime(String text) {
        Matcher time = matching(TIME, text, "--for");
        long n = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            default -> Duration.ofHours(n);
        };
    }

    private Matcher matching(Pattern pattern, String text, String option) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.matches()) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), option + ": '" + text + "' is not of the form " + pattern);
        }
        return matcher;
    }
}
