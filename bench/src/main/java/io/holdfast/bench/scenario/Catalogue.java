package io.holdfast.bench.scenario;

import static io.holdfast.bench.peer.PeerSet.DISK;
import static io.holdfast.bench.peer.PeerSet.HOLDFAST;
import static io.holdfast.bench.peer.PeerSet.NBDKIT_FILE;
import static io.holdfast.bench.peer.PeerSet.NBDKIT_MEMORY;
import static io.holdfast.bench.peer.PeerSet.QEMU_BTRFS;
import static io.holdfast.bench.peer.PeerSet.QEMU_BTRFS_NOCOW;
import static io.holdfast.bench.peer.PeerSet.QEMU_NONE;
import static io.holdfast.bench.peer.PeerSet.QEMU_QCOW2;
import static io.holdfast.bench.peer.PeerSet.QEMU_WRITEBACK;
import static io.holdfast.bench.peer.PeerSet.QEMU_XFS;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.IoLog;
import io.holdfast.bench.measure.Goal;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.peer.Contender;
import io.holdfast.bench.peer.Contender.Ending;
import io.holdfast.bench.peer.Shape;
import io.holdfast.bench.scenario.FioScenario.Caches;
import io.holdfast.bench.scenario.FioScenario.Jobs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The scenarios, in the order in which they run. The order keeps the preparation between them small. */
public final class Catalogue {
    private static final int KIB_4 = 4 << 10;
    private static final int KIB_64 = 64 << 10;
    private static final int MIB = 1 << 20;
    private static final int DEPTH = 32;
    private static final int STREAM_DEPTH = 8;
    private static final int CONNECTIONS = 4;
    /** Fits the dirty limit of 256 MiB that {@code --memory 1G} gives. */
    private static final long BURST_BYTES = 192L << 20;
    /** Fits the page cache of 640 MiB that {@code --memory 1G} gives. */
    private static final long WARM_BYTES = 384L << 20;

    private static final List<String> DIRECT =
            List.of(HOLDFAST, QEMU_NONE, DISK, QEMU_QCOW2, QEMU_BTRFS, QEMU_BTRFS_NOCOW, QEMU_XFS);
    /** For scenarios in which further peers would show nothing new. */
    private static final List<String> FEW = List.of(HOLDFAST, QEMU_NONE, DISK, QEMU_BTRFS);

    private static final List<String> ALL = List.of(
            HOLDFAST,
            QEMU_NONE,
            DISK,
            QEMU_WRITEBACK,
            QEMU_QCOW2,
            NBDKIT_FILE,
            NBDKIT_MEMORY,
            QEMU_BTRFS,
            QEMU_BTRFS_NOCOW,
            QEMU_XFS);

    /**
     * A quick run leaves these out unless they are asked for by name. They take too long, or a short round shows
     * nothing, since it fits the dirty limit or does not fill a cache.
     */
    private static final Set<String> NOT_QUICK = Set.of(
            "age",
            "size",
            "thin",
            "memory",
            "library",
            "latency-write",
            "latency-read",
            "latency-commit",
            "rand-write-sustained",
            "rand-read-64k",
            "rand-write-64k",
            "seq-read-scrambled");

    private Catalogue() {}

    /** Returns the scenarios of a quick run. */
    public static List<Scenario> quick() {
        return all().stream().filter(s -> !NOT_QUICK.contains(s.name())).toList();
    }

    public static List<Scenario> all() {
        return List.of(
                new FlushCheck(),
                stream("seq-read", "1 MiB sequential read, cold", "read", Shape.SEQUENTIAL),
                stream("seq-write", "1 MiB sequential write", "write", Shape.SEQUENTIAL),
                random("rand-read-64k", "64 KiB random read, cold", "randread"),
                random("rand-write-64k", "64 KiB random write", "randwrite"),
                randReadCold(),
                randReadWarm(),
                randWrite(),
                randWriteBurst(),
                randWriteSustained(),
                randWriteFlush32(),
                commit(),
                randReadWrite(),
                stream(
                        "seq-read-scrambled",
                        "1 MiB sequential read, cold, after random writes",
                        "read",
                        Shape.SCRAMBLED),
                new Latency("latency-write", "randwrite", false),
                new Latency("latency-read", "randread", false),
                new Latency("latency-commit", "randwrite", true),
                new StartTimes(),
                new ServerMemory(),
                new LargeVolume(),
                new LibraryWrites(),
                new Amplification(),
                new Age(),
                new CheckCost(),
                new DiscardCost(),
                new SizeCost(),
                new ThinDisk());
    }

    private static FioScenario randWrite() {
        return new FioScenario(
                "rand-write",
                "4 KiB random write, qd 32, no flush",
                Metric.IOPS,
                ALL,
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> writing(bench, contender, FioJob.of("randwrite", KIB_4, DEPTH)),
                List.of(
                        Goal.atLeast(2, Metric.IOPS, HOLDFAST, QEMU_NONE),
                        Goal.atLeast(8, Metric.IOPS, HOLDFAST, QEMU_BTRFS),
                        Goal.atMost(0.65, Metric.CPU_SECONDS_PER_GIB, HOLDFAST, QEMU_NONE)));
    }

    private static FioScenario randWriteBurst() {
        return new FioScenario(
                "rand-write-burst",
                "4 KiB random write, qd 32, no flush, a burst of 192 MiB",
                Metric.IOPS,
                List.of(HOLDFAST, NBDKIT_MEMORY, NBDKIT_FILE, QEMU_WRITEBACK),
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> new Jobs(
                        List.of(whole(bench, FioJob.of("randwrite", KIB_4, DEPTH))
                                .lasting(bench.settings().warmUpSeconds(contender.name()))),
                        whole(bench, FioJob.of("randwrite", KIB_4, DEPTH)).moving(BURST_BYTES),
                        Ending.FLUSH),
                List.of(Goal.atLeast(0.9, Metric.IOPS, HOLDFAST, NBDKIT_MEMORY)));
    }

    private static FioScenario randWriteSustained() {
        return new FioScenario(
                "rand-write-sustained",
                "4 KiB random write, qd 32, until all is flushed; the disk writes as much sequentially",
                Metric.MIB_PER_SECOND,
                List.of(HOLDFAST, DISK),
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> {
                    FioJob job = contender.name().equals(DISK)
                            ? FioJob.of("write", MIB, STREAM_DEPTH)
                            : FioJob.of("randwrite", KIB_4, DEPTH);
                    return new Jobs(
                            List.of(whole(bench, job).lasting(bench.settings().warmUpSeconds(contender.name()))),
                            whole(bench, job).moving(bench.settings().sustainedBytes()),
                            Ending.FLUSH_TIMED);
                },
                List.of(Goal.atLeast(0.8, Metric.MIB_PER_SECOND, HOLDFAST, DISK)));
    }

    private static FioScenario randWriteFlush32() {
        return new FioScenario(
                "rand-write-flush-32",
                "4 KiB random write, qd 32, a flush every 32",
                Metric.IOPS,
                DIRECT,
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> {
                    FioJob job = FioJob.of("randwrite", KIB_4, DEPTH)
                            .over(0, bench.settings().dataBytes())
                            .replaying(flushLog(bench, contender));
                    return new Jobs(
                            List.of(job.within(bench.settings().warmUpSeconds(contender.name()))),
                            job.within(bench.settings().seconds()),
                            Ending.FLUSH);
                },
                List.of(
                        Goal.atLeast(1, Metric.IOPS, HOLDFAST, QEMU_NONE),
                        Goal.atLeast(10, Metric.IOPS, HOLDFAST, QEMU_BTRFS)));
    }

    private static Path flushLog(Bench bench, Contender contender) throws IOException {
        Path log = bench.scratch().file(contender.name() + ".iolog");
        if (!Files.exists(log)) {
            // More than any peer can do in the time.
            int writes =
                    (int) (Math.max(bench.settings().seconds(), bench.settings().warmUpSeconds()) * 120_000);
            IoLog.write(log, contender.session().target(), bench.settings().dataBytes(), KIB_4, writes, DEPTH);
        }
        return log;
    }

    private static FioScenario commit() {
        return new FioScenario(
                "commit",
                "4 KiB random write, qd 1, a flush after each",
                Metric.IOPS,
                DIRECT,
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> writing(
                        bench, contender, FioJob.of("randwrite", KIB_4, 1).flushingEachWrite()),
                List.of(
                        Goal.atLeast(0.7, Metric.IOPS, HOLDFAST, QEMU_NONE),
                        Goal.atLeast(5, Metric.IOPS, HOLDFAST, QEMU_BTRFS)));
    }

    private static FioScenario randReadCold() {
        return new FioScenario(
                "rand-read-cold",
                "4 KiB random read, qd 32, cold",
                Metric.IOPS,
                DIRECT,
                Shape.EMPTY,
                Caches.COLD,
                (bench, contender) -> cold(bench, contender, FioJob.of("randread", KIB_4, DEPTH)),
                List.of(
                        Goal.atLeast(1.3, Metric.IOPS, HOLDFAST, QEMU_NONE),
                        Goal.atMost(1, Metric.CPU_SECONDS_PER_GIB, HOLDFAST, QEMU_NONE)));
    }

    private static FioScenario randReadWarm() {
        return new FioScenario(
                "rand-read-warm",
                "4 KiB random read, qd 32, warm",
                Metric.IOPS,
                List.of(HOLDFAST, NBDKIT_MEMORY, NBDKIT_FILE, QEMU_WRITEBACK),
                Shape.EMPTY,
                Caches.WARM,
                (bench, contender) -> {
                    long range = Math.min(WARM_BYTES, bench.settings().dataBytes());
                    FioJob job = FioJob.of("randread", KIB_4, DEPTH).over(0, range);
                    return new Jobs(
                            List.of(
                                    FioJob.of("read", MIB, STREAM_DEPTH).over(0, range),
                                    job.lasting(bench.settings().warmUpSeconds(contender.name()))),
                            job.lasting(bench.settings().seconds()),
                            Ending.NONE);
                },
                List.of(Goal.atLeast(1.2, Metric.IOPS, HOLDFAST, NBDKIT_MEMORY)));
    }

    private static FioScenario randReadWrite() {
        return new FioScenario(
                "rand-rw",
                "4 KiB random, 70 % reads, qd 32 on each of four connections",
                Metric.IOPS,
                FEW,
                Shape.EMPTY,
                Caches.AS_THEY_ARE,
                (bench, contender) -> writing(
                        bench,
                        contender,
                        FioJob.of("randrw", KIB_4, DEPTH).reading(70).onConnections(CONNECTIONS)),
                List.of(Goal.atLeast(1.5, Metric.IOPS, HOLDFAST, QEMU_NONE)));
    }

    private static FioScenario random(String name, String title, String pattern) {
        FioJob job = FioJob.of(pattern, KIB_64, DEPTH);
        boolean reads = pattern.equals("randread");
        return new FioScenario(
                name,
                title + ", qd 32",
                Metric.MIB_PER_SECOND,
                FEW,
                Shape.EMPTY,
                reads ? Caches.COLD : Caches.AS_THEY_ARE,
                (bench, contender) -> reads ? cold(bench, contender, job) : writing(bench, contender, job),
                List.of(Goal.atLeast(1, Metric.MIB_PER_SECOND, HOLDFAST, QEMU_NONE)));
    }

    private static FioScenario stream(String name, String title, String pattern, Shape shape) {
        FioJob job = FioJob.of(pattern, MIB, STREAM_DEPTH);
        boolean reads = pattern.equals("read");
        // Random writes scatter the blocks of a copy-on-write file, and not those of the peer.
        double least = shape == Shape.SCRAMBLED ? 0.5 : 1;
        List<Goal> goals = new ArrayList<>(List.of(Goal.atLeast(least, Metric.MIB_PER_SECOND, HOLDFAST, QEMU_NONE)));
        if (shape == Shape.SEQUENTIAL) {
            goals.add(Goal.atMost(1, Metric.CPU_SECONDS_PER_GIB, HOLDFAST, QEMU_NONE));
        }
        return new FioScenario(
                name,
                title + ", qd 8",
                Metric.MIB_PER_SECOND,
                FEW,
                shape,
                reads ? Caches.COLD : Caches.AS_THEY_ARE,
                (bench, contender) -> reads ? cold(bench, contender, job) : writing(bench, contender, job),
                goals);
    }

    private static FioJob whole(Bench bench, FioJob job) {
        return job.over(0, bench.settings().dataBytes());
    }

    private static Jobs writing(Bench bench, Contender contender, FioJob job) {
        FioJob over = whole(bench, job);
        return new Jobs(
                List.of(over.lasting(bench.settings().warmUpSeconds(contender.name()))),
                over.lasting(bench.settings().seconds()),
                Ending.FLUSH);
    }

    private static Jobs cold(Bench bench, Contender contender, FioJob job) {
        long data = bench.settings().dataBytes();
        // For small blocks, warm up over more than fits the server's cache: else the code that reads from the disk does
        // not get warm.
        long warm = data / ("read".equals(job.options().get("rw")) ? 8 : 2) / MIB * MIB;
        return new Jobs(
                List.of(job.over(0, warm).lasting(bench.settings().warmUpSeconds(contender.name()))),
                job.over(warm, data - warm).within(bench.settings().seconds()),
                Ending.NONE);
    }
}
