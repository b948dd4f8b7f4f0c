package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.library.DirectWrites;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.measure.Outcome;
import io.holdfast.bench.peer.Contender;
import io.holdfast.bench.peer.Contender.Ending;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Shape;
import io.holdfast.bench.profile.Recordings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Direct writes through the library's API; for comparison fio writes files on other file systems in the same sizes. */
final class LibraryWrites implements Scenario {
    private static final int[] CHUNKS = {64 << 10, 1 << 20};
    private static final int[] THREADS = {1, 2};

    @Override
    public String name() {
        return "library";
    }

    @Override
    public String title() {
        return "direct random write through the library, flush at the end included";
    }

    @Override
    public Metric metric() {
        return Metric.MIB_PER_SECOND;
    }

    @Override
    public List<Goal> goals() {
        List<Goal> goals = new ArrayList<>();
        for (int chunk : CHUNKS) {
            for (int threads : THREADS) {
                goals.add(Goal.atLeast(
                        0.95,
                        Metric.MIB_PER_SECOND,
                        label("checksummed", chunk, threads),
                        label("no-checksum", chunk, threads)));
            }
        }
        return goals;
    }

    private static String label(String who, int chunk, int threads) {
        return "%s, %d KiB, %d thread%s".formatted(who, chunk >> 10, threads, threads == 1 ? "" : "s");
    }

    @Override
    public Outcome run(Bench bench) throws IOException {
        Outcome outcome = new Outcome();
        holdfast(bench, outcome);
        if (!bench.settings().quick()) {
            for (String name : List.of(PeerSet.FILE_BTRFS, PeerSet.FILE_BTRFS_NOCOW, PeerSet.FILE_XFS)) {
                if (bench.settings().wants(name)) {
                    fileSystem(bench, outcome, bench.peers().get(name));
                }
            }
        }
        return outcome;
    }

    private static void holdfast(Bench bench, Outcome outcome) throws IOException {
        long file = bench.settings().dataBytes() / 2;
        Path volume = bench.scratch().writtenFile("library.holdfast", file * 4);
        try {
            String output =
                    Command.run(command(bench, volume, file, bench.settings().runs(), List.of()));
            for (String line : output.lines().toList()) {
                String[] fields = line.split(" ", -1);
                String who = label(
                        fields[2].equals("plain") ? "no-checksum" : fields[2],
                        Integer.parseInt(fields[0]),
                        Integer.parseInt(fields[1]));
                outcome.add(who, Metric.MIB_PER_SECOND, Double.parseDouble(fields[3]));
                bench.say("    %-36s %s MiB/s".formatted(who, fields[3]));
            }
        } finally {
            Files.deleteIfExists(volume);
        }
    }

    /** One recording for each size, number of threads and kind of file. */
    @Override
    public void profile(Bench bench, Recordings recordings) throws IOException {
        long file = bench.settings().dataBytes() / 2;
        Path volume = bench.scratch().writtenFile("library.holdfast", file * 4);
        try {
            List<String> options = List.of(
                    "-D" + DirectWrites.RECORDER_SETTINGS + "=" + recordings.settings(),
                    "-D" + DirectWrites.RECORDING_FOLDER + "="
                            + recordings.file("").getParent());
            for (String line : Command.run(command(bench, volume, file, 1, options))
                    .lines()
                    .toList()) {
                bench.say("    " + line);
                String[] fields = line.split(" ", -1);
                recordings.add("%s-%s-%s".formatted(fields[0], fields[1], fields[2]));
            }
        } finally {
            Files.deleteIfExists(volume);
        }
    }

    private static List<String> command(Bench bench, Path volume, long fileBytes, int rounds, List<String> more) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseG1GC",
                "-XX:+UseCompactObjectHeaders",
                "-Xmx512m",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(more);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                DirectWrites.class.getName(),
                volume.toString(),
                Long.toString(fileBytes),
                Double.toString(bench.settings().seconds() / 2),
                Integer.toString(rounds)));
        return command;
    }

    private static void fileSystem(Bench bench, Outcome outcome, Contender contender) throws IOException {
        contender.prepare(Shape.EMPTY);
        for (int chunk : CHUNKS) {
            for (int threads : THREADS) {
                for (int round = 0; round < bench.settings().runs(); round++) {
                    outcome.add(
                            label(contender.name(), chunk, threads),
                            contender.measure(
                                    FioJob.of("randwrite", chunk, 1)
                                            .onConnections(threads)
                                            .over(0, bench.settings().dataBytes() / 2)
                                            .lasting(bench.settings().seconds() / 2),
                                    Ending.FLUSH_TIMED));
                }
            }
        }
    }
}
