package io.holdfast.bench;

import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How much to measure, and where. */
final class MeasureOptions {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final int RUNS = 5;
    private static final double SECONDS = 4;
    private static final long DATA_BYTES = 4 * GIB;

    @Option(names = "--quick", description = "Two short rounds on small disks, and only the peers that goals name.")
    private boolean quick;

    @Option(names = "--runs", paramLabel = "N", description = "Rounds of each measurement (default: 5, quick: 2).")
    private int runs;

    @Option(names = "--seconds", paramLabel = "S", description = "Length of a round (default: 4, quick: 0.7).")
    private double seconds;

    @Option(names = "--data", paramLabel = "MIB", description = "Size of the disks in MiB (default: 4096, quick: 512).")
    private long dataMebibytes;

    @Option(
            names = "--peers",
            arity = "1..*",
            split = ",",
            paramLabel = "NAME",
            description = "Only these peers, and Holdfast.")
    private List<String> peers = new ArrayList<>();

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Work in this folder, on a real disk (default: /var/tmp).")
    private Path folder = Path.of("/var/tmp");

    Path root() {
        return Path.of(System.getProperty("holdfast.root", "."))
                .toAbsolutePath()
                .normalize();
    }

    Path folder() {
        return folder;
    }

    /** Returns whether the figures may go into the documentation: no option made the measurement shorter. */
    boolean isQuotable() {
        Settings settings = settings();
        return !quick && settings.runs() >= RUNS && settings.seconds() >= SECONDS && settings.dataBytes() >= DATA_BYTES;
    }

    boolean isQuick() {
        return quick;
    }

    void checkPeers() {
        for (String peer : peers) {
            if (!PeerSet.names().contains(peer)) {
                throw new IllegalArgumentException("there is no peer " + peer + "; --list shows them");
            }
        }
    }

    Settings settings() {
        double length = seconds > 0 ? seconds : quick ? 0.7 : SECONDS;
        return new Settings(
                root(),
                runs > 0 ? runs : quick ? 2 : RUNS,
                length,
                quick ? 1 : 10,
                dataMebibytes > 0 ? dataMebibytes * MIB : quick ? GIB / 2 : DATA_BYTES,
                quick ? GIB / 2 : 10 * GIB,
                GIB,
                List.copyOf(peers),
                quick);
    }

    String describe() {
        Settings s = settings();
        return "%s%d rounds of %s s, disks of %d MiB, Holdfast with `--memory 1G`; checksums and copy-on-write on"
                .formatted(quick ? "Quick: " : "", s.runs(), s.seconds(), s.dataBytes() / MIB);
    }
}
