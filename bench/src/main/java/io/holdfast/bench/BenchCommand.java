package io.holdfast.bench;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.Machine;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.report.Markdown;
import io.holdfast.bench.report.MarkedSection;
import io.holdfast.bench.report.Origin;
import io.holdfast.bench.report.RawResults;
import io.holdfast.bench.report.RunReport;
import io.holdfast.bench.report.ScenarioReport;
import io.holdfast.bench.scenario.Bench;
import io.holdfast.bench.scenario.Catalogue;
import io.holdfast.bench.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./dev bench}: runs scenarios and writes the results. */
@picocli.CommandLine.Command(name = "bench", description = "Measure Holdfast beside its peers.")
final class BenchCommand implements Callable<Integer> {
    @Mixin
    private final MeasureOptions options = new MeasureOptions();

    @Parameters(arity = "0..*", paramLabel = "SCENARIO", description = "Only these scenarios.")
    private List<String> scenarios = new ArrayList<>();

    @Option(names = "--list", description = "List the scenarios and the peers, and end.")
    private boolean list;

    @Option(
            names = "--output",
            paramLabel = "NAME",
            description = "Write docs/performance/NAME.json and leave the page as it is.")
    private String output = "";

    @Option(names = "--print", description = "Write to the terminal alone.")
    private boolean print;

    @Override
    public Integer call() throws IOException {
        if (list) {
            Catalogue.all().forEach(s -> System.out.printf("%-22s %s%n", s.name(), s.title()));
            System.out.println("peers: " + String.join(" ", PeerSet.names()));
            return 0;
        }
        List<Scenario> chosen = choose();
        options.checkPeers();
        List<ScenarioReport> done = new ArrayList<>();
        RunReport report = new RunReport(Map.of(), List.of());
        try (CleanUp cleanUp = new CleanUp()) {
            Scratch scratch = Scratch.in(options.folder(), cleanUp);
            List<String> remarks = remarks(scratch);
            remarks.forEach(remark -> System.err.println("bench: " + remark));
            Map<String, String> machine = Machine.describe(scratch);
            Origin origin = new Origin(
                    Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                    System.getProperty("bench.command", "./dev bench").strip(),
                    Machine.version(),
                    remarks);
            Command.run(options.root().resolve("holdfast").toString(), "--version");
            try (Bench bench = new Bench(options.settings(), scratch, cleanUp)) {
                for (Scenario scenario : chosen) {
                    done.add(new ScenarioReport(scenario, origin, run(bench, scenario)));
                    report = new RunReport(machine, List.copyOf(done));
                    // Write after each scenario, so that results stay if a later one ends the run.
                    write(report);
                }
            }
        }
        System.out.println(Markdown.of(report));
        return 0;
    }

    private static Outcome run(Bench bench, Scenario scenario) throws IOException {
        bench.say(scenario.name() + ": " + scenario.title());
        long began = System.nanoTime();
        try {
            double busy = Machine.busyShare();
            Outcome outcome = scenario.run(bench);
            if (busy > Machine.QUIET_SHARE) {
                outcome.note("**Others used %.0f %% of the processors when this began**: do not quote these figures."
                        .formatted(busy * 100));
            }
            bench.say("    took %.0f s".formatted((System.nanoTime() - began) / 1e9));
            return outcome;
        } catch (IOException | RuntimeException e) {
            // Go on with the other scenarios; the table shows this one's goals as not measured.
            bench.say("    FAILED: " + e.getMessage());
            Outcome failed = new Outcome();
            failed.note("failed: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            bench.removeDisks();
            return failed;
        }
    }

    private List<Scenario> choose() {
        List<Scenario> all = Catalogue.all();
        for (String name : scenarios) {
            if (all.stream().noneMatch(s -> s.name().equals(name))) {
                throw new IllegalArgumentException("there is no scenario " + name + "; --list shows them");
            }
        }
        if (scenarios.isEmpty()) {
            return options.isQuick() ? Catalogue.quick() : all;
        }
        return all.stream().filter(s -> scenarios.contains(s.name())).toList();
    }

    private List<String> remarks(Scratch scratch) throws IOException {
        List<String> remarks = new ArrayList<>();
        remarks.add(options.describe());
        if (!scratch.device().writeCache().equals("write back")) {
            remarks.add("The disk says it has no volatile cache (%s), so a flush costs nothing here."
                    .formatted(scratch.device().writeCache()));
        }
        return remarks;
    }

    /** Writes these scenarios into the page's table and the file beside it; all others there stay as they are. */
    private void write(RunReport report) throws IOException {
        Path docs = options.root().resolve("docs");
        Path folder = docs.resolve("performance");
        if (!output.isEmpty()) {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(output + ".json"), RawResults.of(report));
        } else if (!print && options.isQuotable()) {
            Files.createDirectories(folder);
            Path file = folder.resolve("bench.json");
            List<Scenario> known = Catalogue.all();
            RunReport all =
                    Files.exists(file) ? report.over(RawResults.read(Files.readString(file), known), known) : report;
            Files.writeString(file, RawResults.of(all));
            Path page = docs.resolve("PERFORMANCE.md");
            Files.writeString(page, new MarkedSection("bench").replaceIn(Files.readString(page), Markdown.of(all)));
        }
    }
}
