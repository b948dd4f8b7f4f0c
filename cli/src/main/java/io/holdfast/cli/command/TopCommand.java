package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.metrics.Rates;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.cli.text.Terminal;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast top}. */
@Command(
        name = "top",
        description = "Show what a served volume does now, each second.",
        footer = {
            "",
            "On a terminal it fills the screen until Ctrl-C; else it prints a line each second.",
            "p50 and p99: so long half of the requests took at most, and 99 of 100."
        })
final class TopCommand extends VolumeCommand {
    private static final Duration STEP = Duration.ofSeconds(1);

    @Option(names = "--once", description = "Show one second, and end. The same as -n 1.")
    private boolean once;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            description = "End after so many seconds. Default: on and on")
    private Optional<Integer> count = Optional.empty();

    TopCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected void requireSense() {
        if (count.isPresent() && count.get() < 1) {
            throw new UsageException("--count is at least 1");
        }
        if (once && count.isPresent()) {
            throw new UsageException("--once is --count 1; give one of them");
        }
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        if (!(volume instanceof RemoteVolume server)) {
            throw new HoldfastException(
                    ErrorCode.NOT_FOUND,
                    "nobody serves " + device() + ", so there is nothing to show; start 'holdfast serve'");
        }
        boolean screen = !output().json() && Terminal.onStandardOutput();
        TopView view = new TopView(
                device(),
                screen,
                screen && System.getenv().getOrDefault("NO_COLOR", "").isEmpty());
        int left = once ? 1 : count.orElse(Integer.MAX_VALUE);
        long at = System.nanoTime();
        ServerReadings before = server.readings();
        while (left > 0 && !isAskedToEnd()) {
            ServerReadings after = server.readings();
            long now = System.nanoTime();
            Rates rates = new Rates(before, after, Math.max(1, now - at));
            output().print(context().out(), TopView.json(rates), out -> view.show(out, rates));
            requireWanted();
            before = after;
            at = now;
            left -= left == Integer.MAX_VALUE ? 0 : 1;
        }
        return ExitCode.OK;
    }

    private boolean isAskedToEnd() throws IOException {
        try {
            return context().cancel().await(STEP);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
