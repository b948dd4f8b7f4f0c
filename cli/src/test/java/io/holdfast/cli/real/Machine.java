package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;

/** A QEMU without a guest, whose disk is read and written from its monitor. */
final class Machine implements AutoCloseable {
    /** What a command needs before it, so that it can be driven from here. */
    static final String UNBUFFERED = "stdbuf -o0 ";

    /** Options that a command needs beside its own for the same. */
    static final String DRIVEN = " -nodefaults -display none -S -qmp stdio";

    private final Process process;
    private final BufferedReader said;
    private final Writer commands;

    /**
     * Starts the command, which has {@code -qmp stdio}, and {@code stdbuf -o0} before it: what a disk does is told on
     * standard output, and the monitor answers nothing, not even that it failed.
     */
    Machine(Path folder, String... line) throws IOException {
        process = Program.builder(folder, line).start();
        said = process.inputReader();
        commands = process.outputWriter();
        await("\"QMP\"");
        execute("{\"execute\": \"qmp_capabilities\"}");
    }

    void send(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    String execute(String command) throws IOException {
        send(command);
        return await("\"return\"", "\"error\"");
    }

    /** Returns what is said up to the next line with one of the texts. */
    String await(String... texts) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            all.append(line).append('\n');
            for (String text : texts) {
                if (line.contains(text)) {
                    return all.toString();
                }
            }
        }
        throw new AssertionError("the machine ended before it said " + String.join(" or ", texts) + ":\n" + all);
    }

    /** Has the disk of a device do a command of qemu-io, which must succeed. */
    void does(String device, String command) throws IOException {
        assertDone(execute(disk(device, command)));
    }

    /** Checks that what was said of a command of {@link #disk} is no error. */
    static void assertDone(String answer) {
        assertThat(answer).doesNotContain("rror").doesNotContain("failed").contains("\"return\"");
    }

    /** Returns the monitor's command to have the disk of a device, such as {@code disk/virtio-backend}, do one of qemu-io. */
    static String disk(String device, String command) {
        return "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\":"
                + " \"qemu-io -d /machine/peripheral/" + device + " \\\"" + command + "\\\"\"}}";
    }

    /** Kills it. */
    void end() {
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public void close() {
        end();
    }
}
