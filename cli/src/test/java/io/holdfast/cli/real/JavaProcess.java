package io.holdfast.cli.real;

import io.holdfast.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs the command in a process of its own from bash, which can pass arbitrary bytes and descriptors; Java cannot. */
public final class JavaProcess {
    private static final long SECONDS_MAX = 120;

    private JavaProcess() {}

    /** The exit status and the output. */
    public record Result(int status, String out, String err) {}

    /**
     * Runs a script in {@code folder}; in the script {@code holdfast} is the command. The result has the last line's
     * status.
     */
    public static Result script(Path folder, String... lines) throws IOException {
        Path out = Files.createTempFile("out", ".txt");
        Path err = Files.createTempFile("err", ".txt");
        String define = "holdfast() { '" + System.getProperty("java.home") + "/bin/java' -XX:+UseSerialGC"
                + " -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED -cp \"$CLASSES\" "
                + Main.class.getName() + " \"$@\"; }\n";
        Path script = Files.createTempFile("script", ".sh");
        Files.writeString(script, define + String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
        ProcessBuilder builder = new ProcessBuilder("bash", script.toString())
                .directory(folder.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("CLASSES", System.getProperty("java.class.path"));
        try {
            Process process = builder.start();
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError("did not end: " + String.join("\n", lines));
            }
            return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            Files.delete(out);
            Files.delete(err);
            Files.delete(script);
        }
    }

    /** Runs lines of a script, the last one as {@code holdfast LINE}. */
    public static Result holdfast(Path folder, String... lines) throws IOException {
        String[] script = lines.clone();
        script[script.length - 1] = "holdfast " + script[script.length - 1];
        return script(folder, script);
    }
}
