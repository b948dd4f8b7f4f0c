package io.holdfast.bench;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.profile.Profile;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.bench.scenario.Bench;
import io.holdfast.bench.scenario.Catalogue;
import io.holdfast.bench.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./dev profile SCENARIO}: shows where Holdfast spends its time in a scenario. */
@picocli.CommandLine.Command(name = "profile", description = "Profile Holdfast in a scenario.")
final class ProfileCommand implements Callable<Integer> {
    @Mixin
    private final MeasureOptions options = new MeasureOptions();

    @Parameters(paramLabel = "SCENARIO", description = "The scenario; ./dev bench --list shows them all.")
    private String scenario = "";

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the graph and the recording go (default: .build/profile).")
    private Path out = Path.of(".build", "profile");

    @Override
    public Integer call() throws IOException {
        Scenario found = Catalogue.all().stream()
                .filter(s -> s.name().equals(scenario))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no scenario " + scenario));
        Recordings recordings = new Recordings(Files.createDirectories(out), scenario);
        try (CleanUp cleanUp = new CleanUp()) {
            Scratch scratch = Scratch.in(options.folder(), cleanUp);
            try (Bench bench = new Bench(options.settings(), scratch, cleanUp)) {
                bench.say("profiling " + PeerSet.HOLDFAST + " in " + scenario + ": " + found.title());
                found.profile(bench, recordings);
            }
        }
        for (Recordings.Made made : recordings.made()) {
            Path page = recordings.page(made);
            String title = made.label().isEmpty() ? scenario : scenario + ", " + made.label();
            System.out.println(title);
            System.out.println(Profile.write(title + ": " + found.title(), made, page));
            System.out.println("flame graph: " + page);
            System.out.println("recording:   " + made.file());
            System.out.println();
        }
        return 0;
    }
}
