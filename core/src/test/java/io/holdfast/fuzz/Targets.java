package io.holdfast.fuzz;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Finds targets, and the inputs that are kept in the repository for them. */
public final class Targets {
    private static final String SUFFIX = "Fuzz.class";

    private Targets() {}

    /** Returns all targets that were compiled together with a class, by name. */
    static List<FuzzTarget> beside(Class<?> test) throws IOException {
        Path classes = folderOf(test);
        try (Stream<Path> files = Files.walk(classes)) {
            return files.map(file -> classes.relativize(file).toString())
                    .filter(file -> file.endsWith(SUFFIX))
                    .sorted()
                    .map(file -> make(
                            file.substring(0, file.length() - ".class".length()).replace('/', '.')))
                    .toList();
        }
    }

    /** Makes a target by the name of its class. */
    static FuzzTarget make(String className) {
        try {
            return (FuzzTarget) Class.forName(className).getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("no fuzz target " + className, e);
        }
    }

    /** Returns what a target is called at {@code ./dev fuzz}: TreeNodeFuzz is tree-node. */
    static String name(FuzzTarget target) {
        String simple = target.getClass().getSimpleName();
        return simple.substring(0, simple.length() - "Fuzz".length())
                .replaceAll("(?<=.)(?=[A-Z])", "-")
                .toLowerCase(Locale.ROOT);
    }

    /** Returns the target's own seeds, and the inputs in {@code src/test/resources/fuzz/NAME}: findings of old. */
    static List<byte[]> seeds(FuzzTarget target) throws Exception {
        List<byte[]> seeds = new ArrayList<>(target.seeds());
        Path kept = folderOf(target.getClass()).resolve("fuzz").resolve(name(target));
        if (Files.isDirectory(kept)) {
            try (Stream<Path> files = Files.list(kept)) {
                for (Path file : files.sorted().toList()) {
                    seeds.add(Files.readAllBytes(file));
                }
            }
        }
        return seeds;
    }

    private static Path folderOf(Class<?> any) {
        try {
            return Path.of(
                    any.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
