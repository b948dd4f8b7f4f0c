package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Clients;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A {@code qemu-storage-daemon}, controlled by QMP over its standard streams.
 *
 * <p>Invariant: the process has ended when this is closed. It ends by itself after {@link #SECONDS_MAX}, so no read
 * waits for a line for ever.
 */
final class StorageDaemon implements AutoCloseable {
    private static final long SECONDS_MAX = 120;

    private final Process process;
    private final BufferedReader lines;
    private final Writer commands;

    private StorageDaemon(Process process) {
        this.process = process;
        this.lines = process.inputReader();
        this.commands = process.outputWriter();
    }

    /** Starts one with these block devices, each as {@code --blockdev} takes it. */
    static StorageDaemon start(Clients clients, Path directory, String... devices) throws IOException {
        List<String> line = new ArrayList<>(List.of(clients.path("qemu-storage-daemon")));
        for (String device : devices) {
            line.add("--blockdev");
            line.add(device);
        }
        line.addAll(List.of("--chardev", "stdio,id=qmp", "--monitor", "chardev=qmp"));
        Process process = new ProcessBuilder(line)
                .directory(directory.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var ignored = process.onExit().orTimeout(SECONDS_MAX, TimeUnit.SECONDS).whenComplete((_, late) -> {
            if (late != null) {
                process.destroyForcibly();
            }
        });
        StorageDaemon daemon = new StorageDaemon(process);
        daemon.await("\"QMP\"");
        daemon.execute("{\"execute\": \"qmp_capabilities\"}");
        return daemon;
    }

    /** Runs a command that must succeed. */
    void execute(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        await("\"return\"");
    }

    /** Copies all of one device to another, together with what is written meanwhile, until both are equal. */
    void mirror(String from, String to) throws IOException {
        execute("{\"execute\": \"blockdev-mirror\", \"arguments\": {\"job-id\": \"job\", \"device\": \"" + from
                + "\", \"target\": \"" + to + "\", \"sync\": \"full\", \"copy-mode\": \"write-blocking\"}}");
        await("BLOCK_JOB_READY");
        execute("{\"execute\": \"job-complete\", \"arguments\": {\"id\": \"job\"}}");
        await("BLOCK_JOB_COMPLETED");
    }

    /** Copies all of one device, as it is now, to another. */
    void backup(String from, String to) throws IOException {
        execute("{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"job\", \"device\": \"" + from
                + "\", \"target\": \"" + to + "\", \"sync\": \"full\"}}");
        await("BLOCK_JOB_COMPLETED");
    }

    /** Reads up to a line that has this text; fails if a line up to then reports an error. */
    private void await(String text) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            assertThat(line).doesNotContain("\"error\"", "BLOCK_JOB_ERROR", "BLOCK_JOB_CANCELLED");
            if (line.contains(text)) {
                return;
            }
        }
        throw new AssertionError("the storage daemon ended, or took too long, before it said " + text);
    }

    @Override
    public void close() throws IOException {
        try {
            execute("{\"execute\": \"quit\"}");
            assertThat(process.waitFor()).isZero();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            process.destroyForcibly();
        }
    }
}
