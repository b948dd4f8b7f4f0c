package io.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.real.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command whose output cannot be written fails, and says why. */
class StandardOutputTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void needsFull() {
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")), "there is no /dev/full here");
    }

    @Test
    void everyCommandThatPrintsFailsOnAFullOutput() throws IOException {
        List<String> commands = List.of(
                "format v --size 64M",
                "create v /d --size 1M",
                "ls v",
                "ls -l v",
                "ls --json v",
                "stat v /d",
                "df v",
                "info v",
                "check v",
                "grow v --size 65M",
                "resize v /d --size 2M",
                "mkdir --json v /dir",
                "mv --json v /d /dir",
                "rm --json v /dir/d",
                "import /etc/passwd v /p",
                "export v /p out",
                "--version",
                "--help",
                "ls --help");
        StringBuilder script = new StringBuilder();
        for (String command : commands) {
            script.append("holdfast ").append(command).append(" >/dev/full; echo $?\n");
        }
        JavaProcess.Result result = JavaProcess.script(folder, script.toString());
        assertThat(result.out().lines())
                .as(result.err())
                .hasSize(commands.size())
                .containsOnly("1");
        assertThat(result.err().lines())
                .hasSize(commands.size())
                .allSatisfy(
                        line -> assertThat(line).contains("cannot write to standard output: No space left on device"));
        // The commands have done their work all the same.
        assertThat(folder.resolve("out")).hasSameBinaryContentAs(Path.of("/etc/passwd"));
    }
}
