package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Runs other programs to their end. */
public final class Command {
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    private static final long END_SECONDS_MAX = 10;
    private static final long POLL_MILLIS = 200;

    private Command() {}

    /** Ends the running programs and waits for them, since a program keeps its files open until it has ended. */
    static void endRunning() {
        RUNNING.forEach(Command::end);
    }

    /** Ends a process and its children (fio forks), and waits for it. */
    static void end(Process process) {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle one : all) {
            try {
                one.onExit().get(END_SECONDS_MAX, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                System.err.println("bench: process " + one.pid() + " does not end: " + e);
            }
        }
    }

    /**
     * Runs a program and returns what it printed.
     *
     * @throws IOException with its output, if its exit status is not 0
     */
    public static String run(List<String> command) throws IOException {
        return run(command, () -> false);
    }

    /**
     * Does as {@link #run(List)}, but asks the program by a signal to end when {@code enough} says so. Its exit status may be
     * anything then.
     *
     * @param enough asked about five times a second, by another thread
     */
    public static String run(List<String> command, BooleanSupplier enough) throws IOException {
        CleanUp.checkGoingOn();
        Path errors = Files.createTempFile("bench", ".err");
        Process process = null;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(errors.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            if (!CleanUp.isCleaning()) {
                RUNNING.add(process);
            }
            // The clean-up may have begun before this process was registered.
            CleanUp.checkGoingOn();
            AtomicBoolean asked = new AtomicBoolean();
            Process started = process;
            Thread watch = Thread.ofPlatform().daemon().start(() -> watch(started, enough, asked));
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            watch.join();
            if (status != 0 && !asked.get()) {
                throw new IOException("%s ended with status %d: %s %s"
                        .formatted(
                                String.join(" ", command),
                                status,
                                Files.readString(errors).strip(),
                                tail(output)));
            }
            return output;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            if (process != null) {
                end(process);
                RUNNING.remove(process);
            }
            Files.deleteIfExists(errors);
        }
    }

    private static void watch(Process process, BooleanSupplier enough, AtomicBoolean asked) {
        try {
            while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                if (enough.getAsBoolean() && !asked.getAndSet(true)) {
                    // Not Process.destroy, which closes the pipe that the program still writes its result to.
                    process.toHandle().destroy();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static String run(String... command) throws IOException {
        return run(List.of(command));
    }

    /** Runs a program that may be missing or fail; returns the first line it printed, or "not there". */
    public static String firstLine(String... command) {
        try {
            return run(List.of(command)).lines().findFirst().orElse("").strip();
        } catch (IOException e) {
            return "not there";
        }
    }

    private static String tail(String output) {
        String stripped = output.strip();
        return stripped.length() <= 400 ? stripped : "…" + stripped.substring(stripped.length() - 400);
    }
}
