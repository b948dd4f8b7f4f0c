package io.holdfast.bench.peer;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioOutput;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.ProcessUsage;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.measure.Metric;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** A peer with its disk, and its server while one runs. One thread uses it. */
public final class Contender {
    private static final int FILL_BYTES = 1 << 20;
    private static final int FILL_DEPTH = 8;
    private static final int BLOCK_BYTES = 4096;
    private static final double GIB = 1L << 30;

    private final String name;
    private final Image image;
    private final Peer peer;
    private final Settings settings;
    private final Scratch scratch;
    private final boolean forgetful;
    private Optional<Session> session = Optional.empty();
    private Optional<HeldConnection> held = Optional.empty();

    Contender(String name, Image image, Peer peer, Settings settings, Scratch scratch, boolean forgetful) {
        this.name = name;
        this.image = image;
        this.peer = peer;
        this.settings = settings;
        this.scratch = scratch;
        this.forgetful = forgetful;
    }

    public String name() {
        return name;
    }

    public boolean isRunning() {
        return session.isPresent() && session.get().isAlive();
    }

    /** Returns the running server, or starts one. */
    public Session session() throws IOException {
        if (session.isPresent() && !session.get().isAlive()) {
            // Debian's nbdkit sometimes aborts when a client leaves.
            letGo();
            session = Optional.empty();
        }
        if (session.isEmpty()) {
            if (forgetful) {
                image.setShape(Shape.EMPTY);
            }
            session = Optional.of(peer.start(image));
        }
        return session.get();
    }

    /** Keeps an idle client connected until the server stops. */
    public void holdOpen() throws IOException {
        if (session().target() instanceof FioTarget.Nbd nbd && held.isEmpty()) {
            held = Optional.of(HeldConnection.open(nbd));
        }
    }

    private void letGo() throws IOException {
        if (held.isPresent()) {
            HeldConnection ending = held.get();
            held = Optional.empty();
            ending.close();
        }
    }

    public void stop() throws IOException {
        letGo();
        if (session.isPresent()) {
            Session ending = session.get();
            session = Optional.empty();
            ending.close();
        }
    }

    /**
     * Brings the disk into a shape. {@link Shape#EMPTY} accepts any shape. A disk that was never written is always
     * written.
     */
    public void prepare(Shape wanted) throws IOException {
        session();
        boolean fill = image.shape() == Shape.EMPTY || (wanted == Shape.SEQUENTIAL && image.shape() == Shape.SCRAMBLED);
        if (fill) {
            fio(FioJob.of("write", FILL_BYTES, FILL_DEPTH).over(0, settings.dataBytes()));
            image.setShape(Shape.SEQUENTIAL);
        }
        if (wanted == Shape.SCRAMBLED && image.shape() != Shape.SCRAMBLED) {
            fio(FioJob.of("randwrite", BLOCK_BYTES, 32).over(0, settings.dataBytes()));
            image.setShape(Shape.SCRAMBLED);
            fill = true;
        }
        if (fill) {
            flush();
        }
    }

    /** Starts a special server on the same disk, and prepares the disk. The server runs until it is stopped. */
    public void prepareWith(HoldfastServer server, Shape wanted) throws IOException {
        stop();
        session = Optional.of(server.start(image.path()).session());
        prepare(wanted);
    }

    /** What follows the last request. */
    public enum Ending {
        /** Nothing: there were no writes. */
        NONE,
        /**
         * A flush that is not part of the measured time. The server's CPU time in it counts, since it is work put off
         * until then.
         */
        FLUSH,
        /** A flush that is part of the measured time. */
        FLUSH_TIMED
    }

    /** Runs fio against it and measures the server meanwhile. */
    public Map<Metric, Double> measure(FioJob job, Ending ending) throws IOException {
        Optional<Long> pid = session().server().map(s -> s.pid());
        double cpuBefore = pid.isPresent() ? ProcessUsage.of(pid.get()).cpuSeconds() : 0;
        FioResult result = fio(job);
        double flushSeconds = ending == Ending.NONE ? 0 : flush();
        double seconds = result.seconds() + (ending == Ending.FLUSH_TIMED ? flushSeconds : 0);
        Map<Metric, Double> measured = new EnumMap<>(Metric.class);
        measured.put(Metric.IOPS, result.requests() / seconds);
        measured.put(Metric.MIB_PER_SECOND, result.bytes() / seconds / (1 << 20));
        measured.put(Metric.P99_MICROS, result.p99Micros());
        measured.put(Metric.P9999_MILLIS, result.p9999Micros() / 1000);
        measured.put(Metric.MAX_MILLIS, result.maxMicros() / 1000);
        if (result.flushes() > 0) {
            measured.put(Metric.FLUSH_MILLIS, result.flushSeconds() * 1000);
        }
        if (pid.isPresent()) {
            ProcessUsage after = ProcessUsage.of(pid.get());
            measured.put(Metric.CPU_SECONDS_PER_GIB, (after.cpuSeconds() - cpuBefore) / (result.bytes() / GIB));
            measured.put(Metric.PEAK_MIB, after.peakBytes() / (double) (1 << 20));
        }
        return measured;
    }

    /** Runs fio against it. */
    public FioResult fio(FioJob job) throws IOException {
        String pattern = job.options().getOrDefault("rw", "");
        if (pattern.startsWith("rand") && !pattern.equals("randread") && image.shape() == Shape.SEQUENTIAL) {
            image.setShape(Shape.SCRAMBLED);
        }
        return FioOutput.parse(Command.run(job.command(session().target())));
    }

    /** Makes all writes durable and waits for the disk to come to rest; returns the seconds of the flush. */
    public double flush() throws IOException {
        // fio sends no flush after the last write, so send two writes with a flush between them.
        FioResult result = fio(FioJob.of("write", BLOCK_BYTES, 1)
                .over(0, settings.dataBytes())
                .moving(2L * BLOCK_BYTES)
                .flushingEachWrite());
        scratch.device().awaitIdle(settings.quick() ? 0.3 : 5);
        return result.flushSeconds();
    }
}
