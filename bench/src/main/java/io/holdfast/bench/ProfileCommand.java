package io.holdfast.bench;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.profile.Profile;
import io.holdfast.bench.scenario.Bench;
import io.holdfast.bench.scenario.Catalogue;
import io.holdfast.bench.scenario.Profiled;
import io.holdfast.bench.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./dev profile SCENARIO}: says where Holdfast's time goes in a scenario. */
@picocli.CommandLine.Command(name = "profile", description = "Profile Holdfast in a scenario.")
final class ProfileCommand implements Callable<Integer> {
    @Mixin
    private final MeasureOptions options = new MeasureOptions();

    @Parameters(paramLabel = "SCENARIO", description = "Which; ./dev bench --list names them.")
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
        if (!(found instanceof Profiled profiled)) {
            throw new IllegalArgumentException(scenario + " is not a scenario of one steady load; profile another");
        }
        Path folder = Files.createDirectories(out);
        Path recording = folder.resolve(scenario + ".jfr").toAbsolutePath();
        try (CleanUp cleanUp = new CleanUp()) {
            Scratch scratch = Scratch.in(options.folder(), cleanUp);
            try (Bench bench = new Bench(options.settings(), scratch, cleanUp)) {
                bench.say("profiling " + PeerSet.HOLDFAST + " in " + scenario + ": " + found.title());
                profiled.profile(bench, recording);
            }
        }
        Path page = folder.resolve(scenario + ".html");
        String text = Profile.write(scenario + ": " + found.title(), recording, page);
        System.out.println(text);
        System.out.println("flame graph: " + page);
        System.out.println("recording:   " + recording);
        return 0;
    }
}
