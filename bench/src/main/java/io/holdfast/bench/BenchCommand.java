package io.holdfast.bench;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.Machine;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.report.Markdown;
import io.holdfast.bench.report.MarkedSection;
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

/** {@code ./dev bench}: runs scenarios and writes down what came out. */
@picocli.CommandLine.Command(name = "bench", description = "Measure Holdfast beside its peers.")
final class BenchCommand implements Callable<Integer> {
    private static final double BUSY_LOAD = 0.7;

    @Mixin
    private final MeasureOptions options = new MeasureOptions();

    @Option(
            names = "--scenario",
            arity = "1..*",
            split = ",",
            paramLabel = "NAME",
            description = "Only these scenarios.")
    private List<String> scenarios = new ArrayList<>();

    @Option(names = "--list", description = "List the scenarios and the peers, and end.")
    private boolean list;

    @Option(
            names = "--output",
            paramLabel = "NAME",
            description =
                    "Write docs/performance/NAME.json; without it a full run writes bench.json and the table, and another run writes to the terminal alone.")
    private String output = "";

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
        RunReport report;
        try (CleanUp cleanUp = new CleanUp()) {
            Scratch scratch = Scratch.in(options.folder(), cleanUp);
            List<String> remarks = remarks(scratch);
            remarks.forEach(remark -> System.err.println("bench: " + remark));
            Map<String, String> machine = Machine.describe(scratch);
            Command.run(options.root().resolve("holdfast").toString(), "--version");
            try (Bench bench = new Bench(options.settings(), scratch, cleanUp)) {
                for (Scenario scenario : chosen) {
                    done.add(new ScenarioReport(scenario, run(bench, scenario)));
                }
            }
            report = new RunReport(
                    Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                    System.getProperty("bench.command", "./dev bench"),
                    machine,
                    remarks,
                    done);
        }
        write(report);
        return 0;
    }

    private static Outcome run(Bench bench, Scenario scenario) throws IOException {
        bench.say(scenario.name() + ": " + scenario.title());
        long began = System.nanoTime();
        try {
            Outcome outcome = scenario.run(bench);
            bench.say("    took %.0f s".formatted((System.nanoTime() - began) / 1e9));
            return outcome;
        } catch (IOException | RuntimeException e) {
            // The others are worth having, and the table shows the goal as not measured.
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
        double load = Machine.load();
        if (load > BUSY_LOAD) {
            remarks.add("**The machine was busy when this run began** (load %.1f): do not quote these figures."
                    .formatted(load));
        }
        if (!scratch.device().writeCache().equals("write back")) {
            remarks.add("The disk says it has no volatile cache (%s), so a flush costs nothing here."
                    .formatted(scratch.device().writeCache()));
        }
        return remarks;
    }

    private void write(RunReport report) throws IOException {
        String table = Markdown.of(report);
        System.out.println(table);
        boolean whole = scenarios.isEmpty() && !options.isQuick() && options.allPeers();
        if (!whole && output.isEmpty()) {
            return;
        }
        Path docs = options.root().resolve("docs");
        Path folder = Files.createDirectories(docs.resolve("performance"));
        Files.writeString(folder.resolve((output.isEmpty() ? "bench" : output) + ".json"), RawResults.of(report));
        if (whole) {
            Path page = docs.resolve("PERFORMANCE.md");
            Files.writeString(page, new MarkedSection("bench").replaceIn(Files.readString(page), table));
        }
    }
}
