package io.holdfast.fuzz;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code ./dev fuzz} needs beside the fuzzer: {@code seeds CLASS FOLDER} writes a target's seeds into files, {@code
 * replay CLASS FILE…} runs inputs and shows what they throw.
 */
public final class FuzzMain {
    private FuzzMain() {}

    public static void main(String[] arguments) throws Exception {
        FuzzTarget target = Targets.make(arguments[1]);
        List<Path> paths = List.of(arguments).subList(2, arguments.length).stream()
                .map(Path::of)
                .toList();
        switch (arguments[0]) {
            case "seeds" -> writeSeeds(target, paths.getFirst());
            case "replay" -> System.exit(replay(target, paths, System.out) ? 0 : 1);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void writeSeeds(FuzzTarget target, Path folder) throws Exception {
        Files.createDirectories(folder);
        int number = 0;
        for (byte[] seed : Targets.seeds(target)) {
            Files.write(folder.resolve("seed-%03d".formatted(number++)), seed);
        }
    }

    private static boolean replay(FuzzTarget target, List<Path> files, PrintStream out) throws Exception {
        boolean good = true;
        for (Path file : files) {
            byte[] input = Files.readAllBytes(file);
            try {
                BoundedInput.run(target, input);
                out.printf("%s: %d bytes, no finding%n", file, input.length);
            } catch (Exception | Error e) {
                good = false;
                out.printf("%s: %d bytes, a finding:%n", file, input.length);
                e.printStackTrace(out);
            }
        }
        return good;
    }
}
