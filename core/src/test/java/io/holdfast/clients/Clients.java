package io.holdfast.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The NBD clients of one Debian release: those that are installed, or others that {@code ./dev test} has unpacked in
 * {@code .build/clients}. A test class that uses one takes all sets in turn:
 *
 * <pre>
 * &#64;ParameterizedClass
 * &#64;MethodSource("io.holdfast.clients.Clients#all")
 * </pre>
 *
 * @param folder has the programs; empty for those that are installed
 */
public record Clients(String name, Optional<Path> folder) {
    private static final List<String> RELEASES = List.of("debian-12", "debian-13");

    /** Returns the installed clients and those of each other release, whether it is unpacked or not. */
    public static List<Clients> all() {
        String host = hostName();
        List<Clients> all = new ArrayList<>();
        all.add(new Clients(host + ", installed", Optional.empty()));
        Path unpacked = Path.of(System.getProperty("holdfast.root", ".."), ".build", "clients");
        for (String release : RELEASES) {
            if (!release.equals(host)) {
                Path folder = unpacked.resolve(release, "bin").toAbsolutePath().normalize();
                all.add(new Clients(release, Optional.of(folder)));
            }
        }
        return all;
    }

    private static String hostName() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/etc/os-release"));
            return value(lines, "ID") + "-" + value(lines, "VERSION_ID");
        } catch (IOException e) {
            return "host";
        }
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1).replace("\"", ""))
                .findFirst()
                .orElse("");
    }

    /** Whether these are the clients that are installed. */
    public boolean installed() {
        return folder.isEmpty();
    }

    /** Skips the test, and says so, unless these clients have all of the programs and the machine has all others. */
    public void needs(String... programs) {
        for (String program : programs) {
            if (folder.isEmpty() || !isClient(program)) {
                Program.needs(program);
            } else if (!Files.isDirectory(folder.get())) {
                Program.skip("the clients of " + name + " are not unpacked in " + folder.get()
                        + "; ./dev test does that where it can");
            } else if (!Files.isExecutable(folder.get().resolve(program))) {
                Program.skip(name + " has no " + program);
            }
        }
    }

    /** Returns what to call to run a program: a path, or the name of one that is installed. */
    public String path(String program) {
        return folder.filter(_ -> isClient(program))
                .map(bin -> bin.resolve(program).toString())
                .orElse(program);
    }

    /** Runs a program, a client of this set or another one, to its end. */
    public Program.Result end(Path directory, String... line) throws IOException {
        String[] command = line.clone();
        command[0] = path(command[0]);
        return Program.end(directory, command);
    }

    /** Runs a program, which must end with status 0, and returns what it printed. */
    public String run(Path directory, String... line) throws IOException {
        return end(directory, line).succeeds().output();
    }

    private static boolean isClient(String program) {
        return Stream.of("qemu-", "nbd", "fio").anyMatch(program::startsWith);
    }

    @Override
    public String toString() {
        return name;
    }
}
