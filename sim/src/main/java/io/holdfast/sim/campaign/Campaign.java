package io.holdfast.sim.campaign;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Simulations on several cores at once, each in a process, until one fails or the time is over. */
final class Campaign {
    /** A simulation takes a fraction of a second; one that takes this long does not end by itself. */
    private static final Duration SILENCE_MAX = Duration.ofMinutes(3);

    private static final Duration STATUS_EVERY = Duration.ofSeconds(10);
    private static final int LINES_MAX = 10_000;

    /** A line from a worker; null at the worker's end. */
    private record Message(Child from, @Nullable String line) {}

    private static final class Child {
        final Process process;
        String seed = "";
        long heard;
        boolean ended;

        Child(Process process, long now) {
            this.process = process;
            this.heard = now;
        }
    }

    private final PrintStream out;
    private final List<String> replayOptions;
    private final int jobs;
    private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>(LINES_MAX);
    private final List<Child> children = new ArrayList<>();
    private final Tally tally = new Tally();
    private final long start = System.nanoTime();
    private boolean failed;

    /**
     * @param replayOptions for every seed
     * @param jobs simulations at once
     */
    Campaign(PrintStream out, List<String> replayOptions, int jobs) {
        this.out = out;
        this.replayOptions = List.copyOf(replayOptions);
        this.jobs = jobs;
    }

    /** Runs seeds from {@code first} on; returns whether all were well. */
    boolean run(long first, @Nullable Duration length) throws IOException, InterruptedException {
        Thread atEnd = new Thread(this::killAll);
        Runtime.getRuntime().addShutdownHook(atEnd);
        for (int i = 0; i < jobs; i++) {
            children.add(start(first + i));
        }
        long deadline = length == null ? Long.MAX_VALUE : length.toNanos();
        long nextStatus = STATUS_EVERY.toNanos();
        boolean told = false;
        while (children.stream().anyMatch(child -> !child.ended)) {
            Message message = messages.poll(1, TimeUnit.SECONDS);
            long now = System.nanoTime() - start;
            if (message != null) {
                hear(message, now);
            }
            killSilent(now);
            if (!told && (failed || now > deadline)) {
                tellToEnd();
                told = true;
            }
            if (now > nextStatus && !failed) {
                status(now);
                nextStatus = now + STATUS_EVERY.toNanos();
            }
        }
        tally.details().forEach(out::println);
        status(System.nanoTime() - start);
        return !failed;
    }

    private void status(long now) {
        Duration passed = Duration.ofNanos(now);
        out.printf(
                "%d:%02d:%02d  %s%n",
                passed.toHours(), passed.toMinutesPart(), passed.toSecondsPart(), tally.summary());
        out.flush();
    }

    private void hear(Message message, long now) {
        Child child = message.from();
        child.heard = now;
        String line = message.line();
        if (line == null) {
            child.ended = true;
        } else if (line.startsWith(Worker.BEGIN)) {
            child.seed = line.substring(Worker.BEGIN.length());
        } else if (line.startsWith(Worker.DONE)) {
            tally.add(Tally.parse(line.substring(Worker.DONE.length())));
        } else if (line.startsWith(Worker.FAILED)) {
            failed = true;
            out.println("A simulation failed. Replay it with");
            out.println("  ./dev sim " + line.substring(Worker.FAILED.length()) + " --trace");
        } else if (line.startsWith(Worker.SHRUNK)) {
            out.println("This much of it is enough:");
            out.println("  ./dev sim " + line.substring(Worker.SHRUNK.length()) + " --trace");
        } else {
            out.println("    " + (line.startsWith(Worker.WHY) ? line.substring(Worker.WHY.length()) : line));
        }
        out.flush();
    }

    private void killSilent(long now) {
        for (Child child : children) {
            if (!child.ended && child.process.isAlive() && now - child.heard > SILENCE_MAX.toNanos()) {
                failed = true;
                out.printf(
                        "A simulation does not end: it has reported nothing for %d minutes. Replay it with%n",
                        SILENCE_MAX.toMinutes());
                out.printf("  ./dev sim --seed %s --trace%n", child.seed);
                child.process.destroyForcibly();
            }
        }
    }

    // ---- workers ----

    private Child start(long seed) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(SimCommand.class.getName());
        command.add("--worker=" + seed + "+" + jobs);
        command.addAll(replayOptions);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Child child = new Child(process, System.nanoTime() - start);
        Thread.ofPlatform().daemon().name("worker " + seed).start(() -> listen(child));
        return child;
    }

    private void listen(Child child) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(child.process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                messages.put(new Message(child, line));
            }
            if (child.process.waitFor() != 0) {
                messages.put(new Message(
                        child, "the worker ended with status " + child.process.exitValue() + " in seed " + child.seed));
            }
            messages.put(new Message(child, null));
        } catch (IOException | InterruptedException e) {
            messages.add(new Message(child, null));
        }
    }

    private void tellToEnd() throws IOException {
        for (Child child : children) {
            child.process.getOutputStream().close();
        }
    }

    private void killAll() {
        children.forEach(child -> child.process.destroyForcibly());
    }
}
