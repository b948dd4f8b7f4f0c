package io.holdfast.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * All seeds of a target and some mutations of them, in a few seconds. Inputs follow from the seed of the run alone; how
 * many of them there are may depend on the machine. An input that fails is kept in a file.
 */
final class ShortRun {
    private static final long SEED = Long.getLong("holdfast.fuzz.seed", 1);
    private static final long NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(Long.getLong("holdfast.fuzz.millis", 2500));
    /** Far more than any input needs: an endless loop. */
    private static final long INPUT_SECONDS_MAX = 30;

    private static final int LENGTH_MAX = 16 << 10;

    private final FuzzTarget target;
    private final String name;

    ShortRun(FuzzTarget target) {
        this.target = target;
        this.name = Targets.name(target);
    }

    void run() throws Exception {
        long start = System.nanoTime();
        List<byte[]> seeds = Targets.seeds(target);
        int done = 0;
        ExecutorService thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("fuzz-" + name).factory());
        try {
            for (byte[] seed : seeds) {
                run(thread, seed);
            }
            Mutator mutator = new Mutator(new Random(SEED), LENGTH_MAX);
            int inputs = Integer.getInteger("holdfast.fuzz.inputs", target.shortRunInputs());
            long mutating = System.nanoTime();
            while (done < inputs && System.nanoTime() - mutating < NANOS_MAX) {
                run(thread, mutator.next(seeds));
                done++;
            }
        } finally {
            // Does not wait: an input that hangs is left behind on its daemon thread.
            thread.shutdownNow();
        }
        System.out.printf(
                "fuzz %s: %d seeds and %d mutated inputs with -Dholdfast.fuzz.seed=%d in %.1f s%n",
                name, seeds.size(), done, SEED, (System.nanoTime() - start) / 1e9);
    }

    private void run(ExecutorService thread, byte[] input) throws IOException, InterruptedException {
        Future<?> result = thread.submit(() -> {
            BoundedInput.run(target, input);
            return null;
        });
        try {
            result.get(INPUT_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(kept(input), e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("an input does not end: " + kept(input) + where(), e);
        }
    }

    /** Returns where the thread that runs inputs is now. */
    private String where() {
        StringBuilder text = new StringBuilder();
        Thread.getAllStackTraces().forEach((thread, trace) -> {
            if (thread.getName().equals("fuzz-" + name)) {
                Arrays.stream(trace).forEach(frame -> text.append("\n\tat ").append(frame));
            }
        });
        return text.toString();
    }

    private String kept(byte[] input) throws IOException {
        Path file = Path.of("target", "fuzz", name, "finding-%08x".formatted(Arrays.hashCode(input)));
        Files.createDirectories(file.getParent());
        Files.write(file, input);
        return "fuzz target %s fails; replay it with ./dev fuzz %s --replay %s"
                .formatted(name, name, file.toAbsolutePath());
    }
}
