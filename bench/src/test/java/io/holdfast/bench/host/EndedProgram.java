package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Path;

/** Measures for ever; when it is ended, its measuring thread cleans up a part, beside the hook that cleans up all. */
final class EndedProgram {
    private EndedProgram() {}

    public static void main(String[] args) throws IOException {
        CleanUp whole = new CleanUp();
        try (CleanUp part = new CleanUp(whole)) {
            part.later("touch", () -> Command.run("touch", Path.of(args[0]).toString()));
            // The hook does this first, so the measuring thread is the one that finds the step above.
            whole.later("wait", () -> Pause.seconds(1));
            Command.run("sleep", "1000");
        }
    }
}
