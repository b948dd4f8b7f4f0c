package io.holdfast.cli.demo;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.HoldfastCli;
import io.holdfast.cli.Main;
import io.holdfast.cli.peer.NbdClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The training run for the ahead-of-time caches; the script {@code holdfast} runs it once after a build. For the next
 * start the virtual machine then keeps the classes that were used, already linked, and the list of hot methods.
 *
 * <p>Both ways end the process through {@link Main}, as the real commands do.
 */
public final class Rehearsal {
    private static final long READY_SECONDS_MAX = 60;
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 256;

    private final Path folder;

    private Rehearsal(Path folder) {
        this.folder = folder;
    }

    /** Rehearses {@code commands} or {@code server} in an empty folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Rehearsal rehearsal = new Rehearsal(Path.of(args[1]));
        if (args[0].equals("server")) {
            rehearsal.server();
        } else {
            rehearsal.commands();
        }
    }

    /** The short commands, on a volume of their own and on one that is served. */
    private void commands() throws IOException {
        String volume = folder.resolve("volume").toString();
        run("--help");
        run("nonsense");
        run("format", volume, "--size", "64M", "--label", "rehearsal");
        useCommands(volume);
        // Run the server in a process of its own, so that its classes do not get into the cache of the commands.
        try (Child server = Child.start(folder, serve(volume, folder.resolve("nbd")))) {
            server.await("ready");
            useCommands(volume);
        }
        Main.main(new String[] {"--version"});
    }

    private static void useCommands(String volume) {
        run("mkdir", volume, "/folder");
        run("create", volume, "/folder/disk", "--size", "1M");
        run("resize", volume, "/folder/disk", "2M");
        run("mv", volume, "/folder/disk", "/folder/other");
        for (List<String> options : List.of(List.<String>of(), List.of("--json"))) {
            run(line(options, "ls", "-l", volume, "/folder"));
            run(line(options, "stat", volume, "/folder/other"));
            run(line(options, "df", volume));
            run(line(options, "info", volume));
            run(line(options, "jobs", volume));
            run(line(options, "ls", volume, "/missing"));
        }
        run("rm", "-r", volume, "/folder");
    }

    private static String[] line(List<String> options, String... command) {
        return Stream.concat(Stream.of(command), options.stream()).toArray(String[]::new);
    }

    /** Runs a server with a client that does the usual first things, and a server that finds a log to recover. */
    private void server() throws IOException, InterruptedException {
        Path volume = folder.resolve("volume");
        Path killed = folder.resolve("killed");
        run("format", volume.toString(), "--size", "64M");
        run("create", volume.toString(), "/disk", "--size", "16M");
        Path socket = folder.resolve("nbd");
        try (Served served = new Served(volume.toString(), socket)) {
            served.awaitReady();
            useDisk(socket);
            // Copy the volume as kill -9 would leave it: the flushed data is only in the log.
            Files.copy(volume, killed);
        }
        Lines out = new Lines("ready");
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        Thread client = Thread.ofPlatform().name("rehearsal").daemon().start(() -> useAndStop(out, socket));
        Main.main(serve(killed.toString(), socket));
        client.join();
    }

    private static void useAndStop(Lines out, Path socket) {
        int status = 1;
        try {
            out.await();
            useDisk(socket);
            status = 0;
        } catch (IOException | InterruptedException e) {
            System.err.println("the rehearsal failed: " + e);
        } finally {
            // As with SIGTERM, the shutdown hook ends the server in order.
            System.exit(status);
        }
    }

    private static void useDisk(Path socket) throws IOException {
        try (NbdClient client = NbdClient.connect(socket, "/disk")) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
            for (int i = 0; i < BLOCKS; i++) {
                client.sendWrite((long) i * BLOCK, block.clear());
            }
            client.awaitReplies(BLOCKS);
            client.flush();
            for (int i = 0; i < BLOCKS; i++) {
                client.read((long) i * BLOCK, block.clear());
            }
        }
    }

    private static String[] serve(String volume, Path socket) {
        return new String[] {"serve", volume, "--memory", "16M", "--nbd", "unix:" + socket};
    }

    private static void run(String... args) {
        new HoldfastCli(context(OutputStream.nullOutputStream(), Cancellation.none())).run(args);
    }

    private static CliContext context(OutputStream out, Cancellation cancellation) {
        return new CliContext(
                Engine.HOLDFAST,
                InputStream.nullInputStream(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                () -> false,
                cancellation);
    }

    /** A server in a thread of this process. */
    private static final class Served implements AutoCloseable {
        private final Cancellation cancellation = Cancellation.none();
        private final Lines out = new Lines("ready");
        private final Thread thread;

        Served(String volume, Path socket) {
            thread = Thread.ofPlatform()
                    .name("rehearsal-server")
                    .daemon()
                    .start(() -> new HoldfastCli(context(out, cancellation)).run(serve(volume, socket)));
        }

        void awaitReady() throws IOException, InterruptedException {
            out.await();
        }

        @Override
        public void close() throws IOException {
            cancellation.request();
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    /** Drops what is written to it, and signals when a certain word has come. */
    private static final class Lines extends OutputStream {
        private final String word;
        private final CountDownLatch seen = new CountDownLatch(1);

        Lines(String word) {
            this.word = word;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            if (new String(bytes, offset, length, StandardCharsets.UTF_8).contains(word)) {
                seen.countDown();
            }
        }

        void await() throws IOException, InterruptedException {
            if (!seen.await(READY_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IOException("the server was not ready within " + READY_SECONDS_MAX + " s");
            }
        }
    }
}
