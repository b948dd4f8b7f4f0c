package io.holdfast.device;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Runs programs of the system that tests compare with. */
public final class Tool {
    /** The exit status and all output; status 127 if there is no such program. */
    public record Result(int status, String output) {}

    private Tool() {}

    public static Result run(String... command) throws InterruptedException, IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return new Result(127, String.valueOf(e.getMessage()));
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }
}
