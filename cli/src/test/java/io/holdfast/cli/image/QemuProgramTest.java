package io.holdfast.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.holdfast.clients.Program;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What programs of QEMU may do: end in time, end with this process, and open nothing but the image. */
@Timeout(60)
class QemuProgramTest {
    @TempDir
    Path folder;

    @Test
    void aProgramThatDoesNothingIsNoticed() throws IOException {
        try (QemuProgram program = QemuProgram.start(List.of("sleep", "1000"))) {
            assertThatThrownBy(() -> program.awaitEnd(Duration.ofMillis(200)))
                    .hasMessageContaining("neither read nor computed");
        }
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    @Test
    void aProgramThatComputesShowsActivity() throws IOException {
        try (QemuProgram program = QemuProgram.start(List.of("sh", "-c", "while :; do :; done"))) {
            String first = program.activity();
            while (program.activity().equals(first)) {
                Thread.onSpinWait();
            }
        }
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    @Test
    void theStatusIsThatOfTheProgram() throws IOException {
        try (QemuProgram program = QemuProgram.start(List.of("sh", "-c", "exit 7"))) {
            assertThat(program.awaitEnd()).isEqualTo(7);
        }
    }

    @Test
    void errorsAreOneLine() throws IOException {
        try (QemuProgram program =
                QemuProgram.start(List.of("sh", "-c", "echo 'qemu-img: first' >&2; echo second >&2; exit 1"))) {
            assertThat(program.awaitEnd()).isEqualTo(1);
            assertThat(program.errors()).isEqualTo("first; second");
        }
    }

    @Test
    void ofErrorsWithoutEndOnlyTheFirstAreKept() throws IOException {
        try (QemuProgram program =
                QemuProgram.start(List.of("sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 3"))) {
            assertThat(program.awaitEnd()).isEqualTo(3);
            assertThat(program.errors()).isEqualTo("x".repeat(8192));
        }
    }

    /** What is left when this process is killed: all pipes to the program end, and nobody closes it. */
    @ParameterizedTest
    @ValueSource(strings = {"starting", "serving"})
    void nothingIsLeftOfAServerWhenThisProcessIsKilled(String state) throws Exception {
        Path own = Files.createDirectory(folder.resolve("own"));
        String ready = state.equals("serving") ? "echo $$ > own/pid; " : "";
        killed(Optional.of(own), "trap '' TERM; " + ready + "echo $$ >&2; while :; do echo more >&2; sleep 0.01; done");
        assertThat(own).doesNotExist();
    }

    @Test
    void nothingIsLeftOfACheckWhenThisProcessIsKilled() throws Exception {
        killed(Optional.empty(), "echo $$ >&2; exec sleep 1000");
    }

    private void killed(Optional<Path> own, String script) throws Exception {
        Process shell = new ProcessBuilder(QemuProgram.line(own, List.of("sh", "-c", script)))
                .directory(folder.toFile())
                .start();
        ProcessHandle program =
                ProcessHandle.of(Long.parseLong(shell.errorReader().readLine())).orElseThrow();
        shell.getErrorStream().close();
        shell.getInputStream().close();
        shell.getOutputStream().close();
        shell.waitFor();
        assertThat(program.isAlive()).isFalse();
    }

    /** Runs a script that opens something and says so, and then looks what is open. */
    private void open(String script, Path own, ImageParts parts) throws IOException {
        Process process = Program.builder(folder, "sh", "-c", script + "; echo ready; read line")
                .start();
        try {
            assertThat(process.inputReader().readLine()).isEqualTo("ready");
            OpenFiles.require(process.pid(), own, "image", parts);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void onlyWhatWasLookedAtMayBeOpen() throws IOException {
        Path own = Files.createDirectory(folder.resolve("own"));
        Path image = Files.createFile(folder.resolve("image"));
        Path extent = Files.createFile(folder.resolve("extent"));
        Path secret = Files.createFile(folder.resolve("secret")).toRealPath();
        ImageParts parts = new ImageParts();
        parts.add(image);
        parts.add(extent);
        open("exec 3<image 4<extent 5>own/log", own, parts);
        assertThatThrownBy(() -> open("exec 3<image 4<secret 5>own/log", own, parts))
                .isInstanceOf(HoldfastException.class)
                .hasMessageContaining("made QEMU open " + secret);
        // Another file has the name of the image.
        Files.move(secret, image, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> open("exec 3<image", own, parts)).hasMessageContaining("made QEMU open ");
    }

    /** bash opens a connection when it is told to; here nobody would take it, and UDP does not mind. */
    @Test
    void aConnectionMayNotBeOpen() throws IOException {
        Program.needs("bash");
        Path own = Files.createDirectory(folder.resolve("own"));
        assertThatThrownBy(() -> open(
                        "exec bash -c 'exec 3<>/dev/udp/127.0.0.1/9; echo ready; read line'", own, new ImageParts()))
                .hasMessageContaining("made QEMU open a connection");
    }

    @Test
    void thereIsNoNetworkWhereTheMachineAllowsThat() throws IOException {
        assumeThat(Program.end(folder, "sh", "-c", "unshare -n true || unshare -rn true")
                        .status())
                .isZero();
        try (QemuProgram program = QemuProgram.start(
                List.of("sh", "-c", "test \"$(tail -n +3 /proc/net/dev | cut -d: -f1)\" = '    lo'"))) {
            assertThat(program.awaitEnd()).isZero();
        }
    }
}
