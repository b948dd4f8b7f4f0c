package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Measures for ever. When it is told to end, its measuring thread cleans up a part while the shutdown hook cleans up
 * the whole.
 */
final class EndedProgram {
    private EndedProgram() {}

    public static void main(String[] args) throws IOException {
        CleanUp whole = new CleanUp();
        try (CleanUp part = new CleanUp(whole)) {
            part.later("touch", () -> Command.run("touch", Path.of(args[0]).toString()));
            // The hook does this first, so that the measuring thread takes the step above.
            whole.later("wait", () -> Pause.seconds(1));
            Command.run("sleep", "1000");
        }
    }
}
