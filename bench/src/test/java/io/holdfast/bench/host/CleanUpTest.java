package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CleanUpTest {
    @Test
    void newestFirstOnceAndOnInSpiteOfAFailure() {
        List<String> done = new ArrayList<>();
        try (CleanUp cleanUp = new CleanUp()) {
            cleanUp.later("first", () -> done.add("first"));
            cleanUp.later("fail", () -> {
                throw new IOException("expected by a test");
            });
            cleanUp.later("last", () -> done.add("last"));
        }
        assertThat(done).containsExactly("last", "first");
    }

    /**
     * A mount that a process uses cannot be unmounted, so the process and its children must be gone before the next
     * step.
     */
    @Test
    void processesHaveEndedBeforeTheNextStep(@TempDir Path folder) throws IOException {
        List<Boolean> alive = new ArrayList<>();
        List<ProcessHandle> processes = new ArrayList<>();
        try (CleanUp cleanUp = new CleanUp()) {
            cleanUp.later("look", () -> processes.forEach(p -> alive.add(p.isAlive())));
            ServerProcess server = ServerProcess.start(
                    cleanUp, folder.resolve("out"), Map.of(), List.of("bash", "-c", "sleep 1000 & echo started; wait"));
            server.awaitLine("started");
            ProcessHandle handle = ProcessHandle.of(server.pid()).orElseThrow();
            processes.add(handle);
            handle.descendants().forEach(processes::add);
        }
        assertThat(alive).containsExactly(false, false);
    }

    /**
     * Once a mount was left behind: the measuring thread had taken the step, and was then not allowed to run umount.
     */
    @Test
    void whatTheMeasuringThreadCleansUpDuringTheEndIsDone(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("touched");
        try (CleanUp cleanUp = new CleanUp()) {
            ServerProcess program = ServerProcess.start(
                    cleanUp,
                    folder.resolve("out"),
                    Map.of(),
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            EndedProgram.class.getName(),
                            file.toString()));
            ProcessHandle handle = ProcessHandle.of(program.pid()).orElseThrow();
            while (handle.isAlive() && handle.descendants().findAny().isEmpty()) {
                Pause.seconds(0.02);
            }
            program.close();
            assertThat(program.output()).doesNotContain("could not");
        }
        assertThat(file).exists();
    }
}
