package io.holdfast.bench.scenario;

import io.holdfast.bench.fio.FioJob;
import io.holdfast.bench.fio.FioOutput;
import io.holdfast.bench.fio.FioResult;
import io.holdfast.bench.fio.FioTarget;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.peer.HoldfastServer;
import io.holdfast.bench.peer.Session;
import io.holdfast.bench.profile.Recordings;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.BooleanSupplier;

/** A served volume that a scenario makes for itself. Closing it removes it. */
final class OwnVolume implements AutoCloseable {
    private static final int FILL_BYTES = 1 << 20;
    private static final int FILL_DEPTH = 8;
    private static final int BLOCK_BYTES = 4096;

    private final Bench bench;
    private final HoldfastServer holdfast;
    private final Path path;
    private final long fileBytes;
    private Session session;
    private double startSeconds;

    private OwnVolume(Bench bench, HoldfastServer holdfast, Path path, long fileBytes, HoldfastServer.Started started) {
        this.bench = bench;
        this.holdfast = holdfast;
        this.path = path;
        this.fileBytes = fileBytes;
        this.session = started.session();
        this.startSeconds = started.seconds();
    }

    /** Makes a volume with one file, all of it a hole, and serves it. */
    static OwnVolume make(Bench bench, HoldfastServer holdfast, long volumeBytes, long fileBytes) throws IOException {
        Path path = bench.scratch().writtenFile(holdfast.name() + ".holdfast", volumeBytes);
        bench.cleanUp().later("remove " + path, () -> Files.deleteIfExists(path));
        holdfast.format(path, fileBytes);
        return new OwnVolume(bench, holdfast, path, fileBytes, holdfast.start(path));
    }

    /** Does as {@link #make}, with a sparse file: for a volume that is larger than the disk. */
    static OwnVolume makeSparse(Bench bench, HoldfastServer holdfast, Path path, long volumeBytes, long fileBytes)
            throws IOException {
        bench.cleanUp().later("remove " + path, () -> Files.deleteIfExists(path));
        Command.run(holdfast.command("format", path.toString(), "--size", Long.toString(volumeBytes)));
        Command.run(holdfast.command("create", path.toString(), "/disk", "--size", Long.toString(fileBytes)));
        return new OwnVolume(bench, holdfast, path, fileBytes, holdfast.start(path));
    }

    Path path() {
        return path;
    }

    Session session() {
        return session;
    }

    /** Returns the seconds from the newest start until clients could connect. */
    double startSeconds() {
        return startSeconds;
    }

    /** Ends the server and starts it again. */
    void restart() throws IOException {
        session.close();
        start();
    }

    /** Starts the server after it was killed. */
    void start() throws IOException {
        start(holdfast);
    }

    /** Starts another server after the first one was killed. */
    void start(HoldfastServer server) throws IOException {
        HoldfastServer.Started started = server.start(path);
        session = started.session();
        startSeconds = started.seconds();
    }

    /** Makes the volume anew; the file is all a hole again. */
    void remake() throws IOException {
        session.close();
        holdfast.format(path, fileBytes);
        start();
    }

    /** Kills the server as kill -9 does. */
    void kill() throws IOException {
        session.server().orElseThrow().kill();
    }

    /** Copies the volume, while no server runs. */
    void copyTo(Path other) throws IOException {
        copy(path, other);
    }

    /** Restores the volume from a copy by {@link #copyTo}, while no server runs. */
    void copyFrom(Path other) throws IOException {
        copy(other, path);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        Command.run("sync", to.toString());
    }

    void fill() throws IOException {
        fio(FioJob.of("write", FILL_BYTES, FILL_DEPTH).over(0, fileBytes));
        flush();
    }

    /** Returns the name of the file that the volume was made with. */
    String file() {
        return HoldfastServer.FILE;
    }

    /** Makes another file, all of it a hole; returns its name. */
    String create(String file, long bytes) throws IOException {
        Command.run(holdfast.command("create", path.toString(), "/" + file, "--size", Long.toString(bytes)));
        return file;
    }

    FioResult fio(FioJob job) throws IOException {
        return FioOutput.parse(Command.run(job.command(session.target())));
    }

    /** Runs fio over one of the files. */
    FioResult fio(String file, FioJob job) throws IOException {
        return FioOutput.parse(Command.run(job.command(target(file))));
    }

    private FioTarget target(String file) {
        if (session.target() instanceof FioTarget.Nbd nbd) {
            return new FioTarget.Nbd(nbd.socket(), file);
        }
        throw new IllegalStateException("the volume is not served over NBD");
    }

    /** Runs fio until it ends, or {@code enough} says so. */
    FioResult fio(FioJob job, BooleanSupplier enough) throws IOException {
        return FioOutput.parse(Command.run(job.command(session.target()), enough));
    }

    /** Runs fio with the flight recorder of the server on. */
    void record(Recordings recordings, String label, FioJob job) throws IOException {
        record(recordings, label, file(), job);
    }

    /** Does as {@link #record(Recordings, String, FioJob)}, over one of the files. */
    void record(Recordings recordings, String label, String file, FioJob job) throws IOException {
        recordings.record(label, session.server().orElseThrow().pid(), () -> {
            FioResult result = fio(file, job);
            bench.say("    %s %.0f requests/s, p99 %.1f ms".formatted(label, result.iops(), result.p99Micros() / 1000));
        });
    }

    /** Makes everything durable and waits for the disk to come to rest. */
    void flush() throws IOException {
        try {
            volume().sync();
        } catch (HoldfastException e) {
            throw new IOException(e);
        }
        bench.scratch().device().awaitIdle(bench.settings().quick() ? 0.3 : 5);
    }

    void checkpoint() throws IOException {
        try {
            volume().checkpoint();
        } catch (HoldfastException e) {
            throw new IOException(e);
        }
    }

    Volume volume() {
        return session.volume().orElseThrow();
    }

    VolumeCounters counters() {
        return volume().counters();
    }

    long blocks() {
        return fileBytes / BLOCK_BYTES;
    }

    long fileBytes() {
        return fileBytes;
    }

    @Override
    public void close() throws IOException {
        session.close();
        Files.deleteIfExists(path);
    }
}
