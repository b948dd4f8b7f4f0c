package io.holdfast.cli.real;

import io.holdfast.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;

/** Runs the command in a process of its own from bash, which can pass arbitrary bytes and descriptors; Java cannot. */
public final class JavaProcess {
    private static final long SECONDS_MAX = 120;

    private JavaProcess() {}

    /** The exit status and the output. */
    public record Result(int status, String out, String err) {}

    /**
     * Runs a script in {@code folder}; in the script {@code holdfast} is the command. It is a file on the path and no
     * function, so that whatever the script starts finds it, too, in whichever shell. The result has the last line's
     * status.
     */
    public static Result script(Path folder, String... lines) throws IOException {
        Path out = Files.createTempFile("out", ".txt");
        Path err = Files.createTempFile("err", ".txt");
        Path tools = Files.createTempDirectory("tools");
        Path command = tools.resolve("holdfast");
        Files.writeString(
                command,
                "#!/bin/sh\nexec '" + System.getProperty("java.home") + "/bin/java' -XX:+UseSerialGC"
                        + " -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED -cp \"$CLASSES\" "
                        + Main.class.getName() + " \"$@\"\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path script = tools.resolve("script");
        Files.writeString(script, String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
        ProcessBuilder builder = new ProcessBuilder("bash", script.toString())
                .directory(folder.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("PATH", tools + ":" + System.getenv("PATH"));
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
            Files.delete(command);
            Files.delete(tools);
        }
    }

    /** Runs lines of a script, the last one as {@code holdfast LINE}. */
    public static Result holdfast(Path folder, String... lines) throws IOException {
        String[] script = lines.clone();
        script[script.length - 1] = "holdfast " + script[script.length - 1];
        return script(folder, script);
    }
}
