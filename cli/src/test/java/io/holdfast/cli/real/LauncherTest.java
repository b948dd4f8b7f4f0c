package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code holdfast} in a tree of its own, with a fake Maven and a fake Java that only report their calls. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LauncherTest {
    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));

    @TempDir
    private Path root;

    private ScriptTree tree;
    private Path builds;

    @BeforeEach
    void makeTree() throws IOException {
        tree = new ScriptTree(root);
        builds = root.resolve(".build/holdfast");
    }

    @AfterEach
    void end() {
        tree.close();
    }

    private Process start(String... args) throws IOException {
        return tree.start(args);
    }

    private String ok(String... args) throws IOException, InterruptedException {
        return tree.ok(args);
    }

    private Path current() throws IOException {
        return builds.resolve("current").toRealPath();
    }

    /** Makes the sources newer than the current build, as a pull does. */
    private void changeSources() throws IOException {
        Files.setLastModifiedTime(current().resolve("built"), LONG_AGO);
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> all = Files.list(builds)) {
            return all.filter(path -> !Files.isSymbolicLink(path)).toList();
        }
    }

    private int mavenRuns() throws IOException {
        return Files.readAllLines(root.resolve("maven")).size();
    }

    @Test
    void buildsOnceAndRunsWhatWasBuilt() throws Exception {
        assertThat(ok("ls", "v")).contains("building", "-cp " + builds).endsWith("io.holdfast.cli.Main ls v\n");
        assertThat(ok("ls", "v"))
                .contains("-XX:AOTCache=" + current(), "-cp " + current() + "/lib/*")
                .doesNotContain("building");
        assertThat(mavenRuns()).isEqualTo(1);
    }

    @Test
    void aServerKeepsItsBuildUntilItEnds() throws Exception {
        Process server = start("serve", "v");
        BufferedReader said = server.inputReader();
        assertThat(said.readLine()).contains("building");
        assertThat(said.readLine()).contains("java ", "serve");
        Path old = current();
        for (int i = 0; i < 3; i++) {
            changeSources();
            ok("ls", "v");
            assertThat(current()).isNotEqualTo(old);
            assertThat(old.resolve("lib/holdfast-cli.jar")).exists();
            assertThat(folders()).as("the server's and the current").hasSize(2);
        }
        server.getOutputStream().close();
        assertThat(server.waitFor()).isZero();
        changeSources();
        ok("ls", "v");
        assertThat(folders()).containsExactly(builds.resolve(current().getFileName()));
    }

    @Test
    void aFailedBuildRunsNothingAndLeavesWhatWasThere() throws Exception {
        ok("ls", "v");
        Path before = current();
        changeSources();
        Files.createFile(root.resolve("fail"));
        Process process = start("ls", "v");
        assertThat(new String(process.getInputStream().readAllBytes()))
                .contains("this does not compile", "the build failed, and nothing was run")
                .doesNotContain("java ");
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(current()).isEqualTo(before);
        assertThat(folders()).hasSize(1);
        Files.delete(root.resolve("fail"));
        ok("ls", "v");
        assertThat(current()).isNotEqualTo(before);
    }

    @Test
    void anInterruptedBuildLeavesNothing() throws Exception {
        ok("ls", "v");
        Path before = current();
        changeSources();
        Files.createFile(root.resolve("hang"));
        Process process = start("ls", "v");
        assertThat(process.inputReader().readLine()).contains("building");
        while (Files.notExists(root.resolve("hanging")) || Files.size(root.resolve("hanging")) == 0) {
            Thread.onSpinWait();
        }
        long maven = Long.parseLong(Files.readString(root.resolve("hanging")).strip());
        process.destroy();
        assertThat(process.waitFor()).isNotZero();
        ProcessHandle.of(maven).ifPresent(handle -> handle.onExit().join());
        assertThat(current()).isEqualTo(before);
        assertThat(folders()).hasSize(1);
    }

    @Test
    void whatAKilledBuildLeftIsRemovedByTheNext() throws Exception {
        Files.createDirectories(builds.resolve("20200101T000000-1/lib"));
        ok("ls", "v");
        assertThat(folders()).hasSize(1);
    }

    /** A server's heap has a fixed size, and a collector for that size. */
    @Test
    void aServersHeapFollowsItsMemory() throws Exception {
        assertThat(tree.flags("serve", "v", "--memory", "32M")).contains("-Xmx65m", "-XX:+UseSerialGC");
        assertThat(tree.flags("serve", "v", "--memory=268435456")).contains("-Xmx72m", "-XX:+UseSerialGC");
        assertThat(tree.flags("serve", "v")).contains("-Xmx96m", "-XX:+UseSerialGC");
        assertThat(tree.flags("serve", "v", "--memory", "20GiB")).contains("-Xmx1088m", "-XX:+UseG1GC");
        for (String flags : List.of("32M", "20G")) {
            assertThat(tree.flags("serve", "v", "--memory", flags))
                    .contains("-XX:+ExitOnOutOfMemoryError", "-XX:+DisplayVMOutputToStderr");
        }
    }

    @Test
    void aConfigurationFileSaysTheMemoryToo() throws Exception {
        Path file = root.resolve("vms.toml");
        for (String memory : List.of(
                "memory = \"20G\"",
                " memory=\'20 GiB\'  # much",
                "\"memory\" = 21_474_836_480",
                "memory = \"19.5G\"")) {
            Files.writeString(file, "# memory = \"1G\"\nvolume = \"/v\"\n" + memory + "\n");
            assertThat(tree.flags("serve", "--config", file.toString()))
                    .as(memory)
                    .contains("-Xmx1088m", "-Dholdfast.heap-for-mib=20480");
        }
        assertThat(tree.flags("serve", "--config=" + file, "--memory", "32M")).contains("-Xmx65m");
        assertThat(tree.flags("serve", "--config", root.resolve("none").toString()))
                .contains("-Xmx96m", "-Dholdfast.heap-for-mib=1024");
    }

    @Test
    void twoCommandsBuildOnce() throws Exception {
        Process first = start("ls", "v");
        Process second = start("ls", "v");
        for (Process process : List.of(first, second)) {
            assertThat(new String(process.getInputStream().readAllBytes())).contains("Main ls v");
            assertThat(process.waitFor()).isZero();
        }
        assertThat(mavenRuns()).isEqualTo(1);
        assertThat(folders()).hasSize(1);
    }
}
