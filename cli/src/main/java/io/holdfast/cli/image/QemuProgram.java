package io.holdfast.cli.image;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A program of QEMU at work for this process. It reads an image that anybody may have made, so its memory is
 * limited, and, if it is to end by itself, its time.
 *
 * <p>Invariant: it ends with this process, however this process ends and whatever the program does then: a shell waits for the end of
 * its standard input, which is a pipe from here, and then kills the program and removes its folder. The program has a session of its
 * own, so that Ctrl-C reaches this process alone, which then ends in order.
 *
 * <p>It has no network, where the machine allows that: root may take it away, and mostly others too in a user namespace. A socket that
 * has a path it still has.
 *
 * <p>What the program says comes through a pipe, so that no file of it is left or grows. A thread reads all of it, and keeps the first
 * {@value #ERROR_BYTES_MAX} bytes.
 */
final class QemuProgram implements Closeable {
    private static final int ERROR_BYTES_MAX = 8 << 10;
    private static final int ERROR_LINES_MAX = 3;
    private static final long CLOSE_SECONDS = 5;
    private static final long READY_MILLIS = 10;
    private static final int STALL_SECONDS = 120;
    /** What the names of private folders begin with. */
    static final String FOLDER = "holdfast-image-";

    /** What a program that ends by itself may compute. A check of a qcow2 of 16 TiB takes a minute. */
    static final int CPU_SECONDS = 600;
    /** The exit status of a shell whose program had computed for longer than that: SIGXCPU ended it. */
    static final int CPU_EXCEEDED = 128 + 24;

    /** Limits the memory, in KiB. A check of a qcow2 of 16 TiB needs 512 MiB for its counts. */
    private static final String LIMIT = "ulimit -v 8388608 2>/dev/null; ";

    private static final String CPU_LIMIT = "ulimit -S -t " + CPU_SECONDS + "; ";

    /**
     * Runs the program and removes the folder, whose name is empty if there is none. SIGPIPE is ignored: this process may be gone when
     * something is said. Descriptor 3 is the pipe from here, and 4 that for errors; the shell itself says nothing.
     */
    private static final String RUN = "trap '' PIPE; exec 3<&0 4>&2 2>/dev/null; " + LIMIT
            + "folder=$1; shift; "
            + "if unshare -n true; then set -- unshare -n \"$@\"; "
            + "elif unshare -rn true; then set -- unshare -rn \"$@\"; fi </dev/null >/dev/null; "
            + "\"$@\" </dev/null >/dev/null 2>&4 3<&- 4>&- & child=$!; "
            + "exec 4>&-; "
            + "{ cat >/dev/null; kill -9 \"$child\"; } <&3 >/dev/null & watch=$!; "
            + "wait \"$child\"; status=$?; kill \"$watch\"; "
            + "[ -z \"$folder\" ] || rm -rf -- \"$folder\"; exit $status";

    private final Process process;
    private final Optional<Path> folder;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final Thread listener;

    private QemuProgram(Process process, Optional<Path> folder) {
        this.process = process;
        this.folder = folder;
        this.listener = Thread.ofPlatform().daemon().name("qemu-errors").start(this::listen);
    }

    /** Starts a program that ends by itself. */
    static QemuProgram start(List<String> command) throws IOException {
        return start(Optional.empty(), command);
    }

    /**
     * Starts a program that serves until it is ended. When it is ready it leaves its number in the file {@code pid}.
     *
     * @param folder for what it needs; removed at the end
     */
    static QemuProgram server(Path folder, List<String> command) throws IOException {
        return start(Optional.of(folder), command);
    }

    private static QemuProgram start(Optional<Path> folder, List<String> command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(line(folder, command)).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("LC_ALL", "C.UTF-8");
        return new QemuProgram(builder.start(), folder);
    }

    /** Returns the whole command: a program with a folder is a server, whose time is not limited. */
    static List<String> line(Optional<Path> folder, List<String> command) {
        String script = folder.isPresent() ? RUN : CPU_LIMIT + RUN;
        List<String> line = new ArrayList<>(List.of(
                "setsid", "sh", "-c", script, "sh", folder.map(Path::toString).orElse("")));
        line.addAll(command);
        return line;
    }

    private void listen() {
        byte[] bytes = new byte[1024];
        try (InputStream in = process.getErrorStream()) {
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                synchronized (said) {
                    said.write(bytes, 0, Math.min(read, ERROR_BYTES_MAX - said.size()));
                }
            }
        } catch (IOException e) {
            // The program was ended; what it had said until then is all.
        }
    }

    /**
     * Waits for the end, and returns the exit status.
     *
     * @throws IOException if the program has neither read nor computed for {@value #STALL_SECONDS} seconds
     */
    int awaitEnd() throws IOException {
        return awaitEnd(Duration.ofSeconds(STALL_SECONDS));
    }

    int awaitEnd(Duration stall) throws IOException {
        try {
            for (String seen = ""; !process.waitFor(stall.toMillis(), TimeUnit.MILLISECONDS); ) {
                String now = activity();
                if (now.equals(seen)) {
                    throw new IOException("qemu-img has neither read nor computed for " + stall.toSeconds()
                            + " s; the storage of the image does not answer");
                }
                seen = now;
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Returns what the program has computed and read so far, as a text that changes with it. */
    String activity() {
        return process.descendants()
                .map(each -> each.pid() + " " + each.info().totalCpuDuration() + " " + bytesRead(each.pid()))
                .collect(Collectors.joining(";"));
    }

    private static String bytesRead(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "io"));
        } catch (IOException ended) {
            return "";
        }
    }

    /** Returns the number of a server that is ready. */
    long pid() throws IOException {
        return Long.parseLong(pidText().strip());
    }

    private String pidText() throws IOException {
        return Files.readString(folder.orElseThrow().resolve("pid"));
    }

    /** Waits until a server serves. Returns false if it did not come to that. */
    boolean awaitReady() throws IOException {
        try {
            while (!process.waitFor(READY_MILLIS, TimeUnit.MILLISECONDS)) {
                // The line is written when the image is open, and is complete with its end.
                if (Files.exists(folder.orElseThrow().resolve("pid"))
                        && pidText().endsWith("\n")) {
                    return true;
                }
            }
            return false;
        } catch (NoSuchFileException ended) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Returns the first lines of what it said was wrong, as one. Call this when the program has ended. */
    String errors() throws IOException {
        byte[] bytes;
        try {
            listener.join(Duration.ofSeconds(CLOSE_SECONDS));
            synchronized (said) {
                bytes = said.toByteArray();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        List<String> lines = new String(bytes, StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.replaceFirst("^qemu-\\w+: ", "").strip())
                .filter(line -> !line.isEmpty())
                .limit(ERROR_LINES_MAX)
                .toList();
        return lines.isEmpty() ? "the program of QEMU ended without a reason" : String.join("; ", lines);
    }

    /** Ends the program and removes its folder. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        if (folder.isPresent()) {
            // The shell has removed it, unless it had to be killed.
            for (String left : List.of("pid", "socket")) {
                Files.deleteIfExists(folder.get().resolve(left));
            }
            Files.deleteIfExists(folder.get());
        }
    }
}
