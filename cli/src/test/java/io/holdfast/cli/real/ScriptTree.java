package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The script {@code holdfast} in a tree of its own, with a fake Maven and a fake Java that only report their calls. None of
 * the processes that this has started is left when it is closed.
 */
public final class ScriptTree implements AutoCloseable {
    private static final FileTime LATER = FileTime.from(Instant.parse("2021-01-01T00:00:00Z"));

    private final Path root;
    private final List<Process> started = new ArrayList<>();

    /** Makes the tree in an empty folder. */
    public ScriptTree(Path root) throws IOException {
        this.root = root;
        Path project = Path.of("..").toRealPath();
        Files.createDirectories(root.resolve("dev.d/lib"));
        Files.createDirectories(root.resolve("cli/src/main"));
        Files.copy(project.resolve("holdfast"), root.resolve("holdfast"));
        Files.createDirectories(root.resolve("packaging"));
        for (String part : List.of("dev.d/lib/java.sh", "packaging/flags.sh")) {
            Files.copy(project.resolve(part), root.resolve(part));
        }
        for (String source :
                List.of("pom.xml", "cli/pom.xml", "cli/src/main/A.java", "dev.d/lib/UpgradeClasses.java")) {
            Files.writeString(root.resolve(source), "");
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.toList()) {
                Files.setLastModifiedTime(path, LATER);
            }
        }
        // The fake Java prints its arguments; as a server it stays until its input ends.
        script("jdk/bin/java", """
                for argument; do case $argument in
                -XX:AOTCacheOutput=*) : >"${argument#*=}" ;;
                *Rehearsal | *UpgradeClasses.java) exit 0 ;;
                esac; done
                echo "java $*"
                [[ " $* " != *" serve "* ]] || cat""");
        script("jdk/bin/javac", "");
        Files.writeString(root.resolve("jdk/release"), "JAVA_VERSION=\"25\"\n");
        script("bin/mvn", """
                for argument; do case $argument in -Dholdfast.lib=*) lib=${argument#*=} ;; esac; done
                echo build >>"$LAUNCHER_ROOT/maven"
                mkdir -p "$lib" && echo classes >"$lib/holdfast-cli.jar"
                [[ ! -e $LAUNCHER_ROOT/fail ]] || { echo "this does not compile"; exit 1; }
                [[ ! -e $LAUNCHER_ROOT/hang ]] || { echo $$ >"$LAUNCHER_ROOT/hanging"; exec sleep 1000; }""");
    }

    private void script(String name, String text) throws IOException {
        Path path = root.resolve(name);
        Files.createDirectories(path.getParent());
        Files.writeString(path, "#!/bin/bash\n" + text + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    Process start(String... args) throws IOException {
        List<String> line = new ArrayList<>(List.of(root.resolve("holdfast").toString()));
        line.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", root.resolve("jdk").toString());
        builder.environment().put("PATH", root.resolve("bin") + ":" + System.getenv("PATH"));
        builder.environment().put("LAUNCHER_ROOT", root.toString());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    String ok(String... args) throws IOException, InterruptedException {
        Process process = start(args);
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /** Returns the flags with which the script starts Java for this command, but those for a cache of the build. */
    public List<String> flags(String... args) throws IOException, InterruptedException {
        String call = ok(args).lines()
                .filter(line -> line.startsWith("java "))
                .findFirst()
                .orElseThrow();
        return Stream.of(call.substring(0, call.indexOf(" -cp ")).split(" "))
                .skip(1)
                .filter(flag -> !flag.startsWith("-XX:AOTCache="))
                .toList();
    }

    @Override
    public void close() {
        started.forEach(Process::destroyForcibly);
    }
}
