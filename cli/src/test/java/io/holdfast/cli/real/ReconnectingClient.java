package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** {@code qemu-io} with commands one after the other, on a connection that it makes again when it breaks. */
final class ReconnectingClient implements AutoCloseable {
    private static final String PROMPT = "qemu-io> ";

    private final Process process;
    private final Writer commands;
    private final BufferedReader said;

    ReconnectingClient(Path folder, Path socket, String export) throws IOException {
        process = Program.builder(
                        folder,
                        "stdbuf",
                        "-o0",
                        "qemu-io",
                        "-t",
                        "none",
                        "--image-opts",
                        "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=" + socket + ",file.export="
                                + export + ",file.reconnect-delay=120")
                .start();
        commands = process.outputWriter(StandardCharsets.UTF_8);
        said = process.inputReader(StandardCharsets.UTF_8);
        untilItAsks();
    }

    /** Does a command and returns what is said of it. */
    String run(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        return untilItAsks();
    }

    private String untilItAsks() throws IOException {
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf(PROMPT) < 0) {
            int read = said.read();
            if (read < 0) {
                throw new AssertionError("qemu-io ended: " + answer);
            }
            answer.append((char) read);
        }
        return answer.toString();
    }

    void runs(String command) throws IOException {
        assertThat(run(command)).doesNotContain("failed", "rror");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
