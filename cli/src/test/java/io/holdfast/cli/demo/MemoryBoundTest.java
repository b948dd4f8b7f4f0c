package io.holdfast.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.Engine;
import io.holdfast.cli.access.VolumeAccess;
import io.holdfast.cli.peer.NbdClient;
import io.holdfast.cli.real.ScriptTree;
import io.holdfast.cli.text.Sizes;
import io.holdfast.clients.Program;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server takes at most 200 MiB beyond its {@code --memory}: with 16 connections that write and read in all ways, slow ones
 * among them, and with 1,000 open files, while others list the volume. It is a process of its own with the flags that the
 * script {@code holdfast} gives it. What counts is the most memory that the process ever had.
 */
@Timeout(300)
class MemoryBoundTest {
    private static final long MIB = 1L << 20;
    private static final long BEYOND_MAX = 200 * MIB;
    private static final int CONNECTIONS = 16;
    private static final int CONTROLS = 16;
    private static final int FILES = 1000;
    private static final long DISK = 1L << 30;
    private static final int BLOCK = Volume.BLOCK_SIZE;
    private static final int DEPTH = 32;
    private static final int LONG = 1 << 20;

    @TempDir
    private Path folder;

    private RealServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @BeforeEach
    void makeVolume() throws IOException {
        server = new RealServer(folder, "64G");
        try (Volume volume =
                Volumes.open(server.volume(), OpenOptions.readWrite().withMemory(64 * MIB))) {
            volume.mkdir("/f", CreateOptions.directory());
            for (int i = 0; i < FILES; i++) {
                volume.create("/f/" + i, CreateOptions.file().withSize(256 * MIB))
                        .close();
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                volume.create("/d" + i, CreateOptions.file().withSize(DISK)).close();
            }
        }
    }

    @AfterEach
    void end() {
        threads.shutdownNow();
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"32M", "256M", "1G"})
    void takesNoMore(String memory) throws Exception {
        try (ScriptTree script = new ScriptTree(Files.createDirectory(folder.resolve("script")))) {
            server.startWith(script.flags("serve", "v", "--memory", memory), "--memory", memory);
        }
        List<Volume> controls = new ArrayList<>();
        List<StoredFile> files = new ArrayList<>();
        try {
            openFiles(controls, files);
            Volume control = controls.getFirst();
            atOnce((client, i) -> randomWrites(client, i));
            look(control);
            atOnce((client, i) -> discards(client, i));
            look(control);
            atOnce((client, i) -> longWrites(client));
            look(control);
            atOnce((client, i) -> randomReads(client, i));
            slowly(control);
            atOnce((client, i) -> randomWrites(client, i));
            look(control);
            readBack(files);
        } finally {
            files.forEach(StoredFile::close);
            for (Volume each : controls) {
                each.close();
            }
        }
        long most = mostMemory();
        long bound = Sizes.parse(memory) + BEYOND_MAX;
        System.out.printf(
                "--memory %s: at most %,d MiB, which is %,d MiB beyond%n",
                memory, most / MIB, (most - Sizes.parse(memory)) / MIB);
        assertThat(server.stop()).as(server.log()).isZero();
        assertThat(most).as("bytes of memory, %s", server.log()).isLessThanOrEqualTo(bound);
    }

    /** A volume whose server was killed has a log to read, and no server that would answer: the commands read it themselves. */
    @Test
    void commandsOnAKilledVolumeTakeNoMore() throws Exception {
        List<String> flags;
        try (ScriptTree script = new ScriptTree(Files.createDirectory(folder.resolve("script")))) {
            server.startWith(script.flags("serve", "v", "--memory", "1G"), "--memory", "1G");
            flags = script.flags("ls", "v");
        }
        atOnce((client, i) -> randomWrites(client, i));
        atOnce((client, i) -> discards(client, i));
        server.kill();
        for (String command : List.of("ls", "df", "info")) {
            List<String> line = new ArrayList<>();
            line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            line.addAll(flags);
            line.addAll(List.of("-cp", System.getProperty("java.class.path"), MeasuredCommand.class.getName()));
            line.addAll(List.of(command, server.volume().toString(), "--memory", "256M"));
            String output = Program.run(folder, line.toArray(String[]::new));
            long most = MeasuredCommand.mostMemory(output);
            System.out.printf("%s of a killed volume: at most %,d MiB%n", command, most / MIB);
            assertThat(most).as(output).isPositive().isLessThanOrEqualTo(256 * MIB + BEYOND_MAX);
        }
    }

    /** Work of one connection. */
    private interface Work {
        void run(NbdClient client, int number) throws IOException;
    }

    private void atOnce(Work work) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            int number = i;
            running.add(threads.submit(() -> {
                try (NbdClient client = NbdClient.connect(server.socket(), "/d" + number)) {
                    work.run(client, number);
                }
                return null;
            }));
        }
        for (Future<?> each : running) {
            each.get();
        }
    }

    private void openFiles(List<Volume> controls, List<StoredFile> files) throws IOException {
        VolumeAccess access = new VolumeAccess(Engine.HOLDFAST, Cancellation.none());
        byte[] content = new byte[2 * BLOCK];
        for (int i = 0; i < FILES; i++) {
            if (i % ((FILES + CONTROLS - 1) / CONTROLS) == 0) {
                controls.add(access.open(server.volume(), OpenOptions.readWrite()));
            }
            StoredFile file = controls.getLast().open("/f/" + i);
            files.add(file);
            new Random(i).nextBytes(content);
            file.write(0, MemorySegment.ofArray(content));
            file.write(128 * MIB, MemorySegment.ofArray(content));
        }
    }

    private static void readBack(List<StoredFile> files) throws IOException {
        byte[] content = new byte[2 * BLOCK];
        byte[] read = new byte[2 * BLOCK];
        for (int i = 0; i < FILES; i++) {
            new Random(i).nextBytes(content);
            files.get(i).read(128 * MIB, MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(content);
        }
    }

    /** What {@code ls}, {@code df} and {@code info} ask for. */
    private static void look(Volume control) throws IOException {
        assertThat(control.list("/f", "", FILES)).isNotEmpty();
        control.usage();
        control.info();
        control.counters();
    }

    private static void randomWrites(NbdClient client, int number) throws IOException {
        Random random = new Random(number);
        byte[] content = new byte[BLOCK];
        random.nextBytes(content);
        ByteBuffer data = ByteBuffer.wrap(content);
        for (int i = 0; i < 100; i++) {
            for (int k = 0; k < DEPTH; k++) {
                client.sendWrite(random.nextLong(DISK / BLOCK) * BLOCK, data.clear());
            }
            client.awaitReplies(DEPTH);
            if (i % 20 == 0) {
                client.flush();
            }
        }
    }

    /** Each costs a change of the map, as a write does, and no transfer. */
    private static void discards(NbdClient client, int number) throws IOException {
        Random random = new Random(number);
        for (int i = 0; i < 300; i++) {
            for (int k = 0; k < DEPTH; k++) {
                client.sendTrim(random.nextLong(DISK / BLOCK) * BLOCK, BLOCK);
            }
            client.awaitReplies(DEPTH);
        }
    }

    private static void longWrites(NbdClient client) throws IOException {
        ByteBuffer data = ByteBuffer.allocateDirect(LONG);
        for (int i = 0; i < 48; i += 4) {
            for (int k = 0; k < 4; k++) {
                client.sendWrite((long) (i + k) * LONG, data.clear());
            }
            client.awaitReplies(4);
        }
    }

    private static void randomReads(NbdClient client, int number) throws IOException {
        Random random = new Random(number);
        ByteBuffer data = ByteBuffer.allocateDirect(4 * BLOCK);
        for (int i = 0; i < 3000; i++) {
            client.read(random.nextLong(48 * MIB / data.capacity()) * data.capacity(), data.clear());
        }
    }

    /** All ask for much, and take none of it until each has asked and the volume was looked at. */
    private void slowly(Volume control) throws Exception {
        CountDownLatch asked = new CountDownLatch(CONNECTIONS);
        CountDownLatch take = new CountDownLatch(1);
        Future<Void> clients = threads.submit(() -> {
            atOnce((client, i) -> {
                for (int k = 0; k < 100; k++) {
                    client.sendRead((long) (k % 48) * LONG, LONG);
                }
                asked.countDown();
                await(take);
                ByteBuffer data = ByteBuffer.allocateDirect(LONG);
                for (int k = 0; k < 100; k++) {
                    client.awaitRead(data.clear());
                }
            });
            return null;
        });
        await(asked);
        look(control);
        take.countDown();
        clients.get();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the most bytes that the server ever had resident, and what is swapped out. */
    private long mostMemory() throws IOException {
        return MeasuredCommand.mostMemory(Files.readString(Path.of("/proc", Long.toString(server.pid()), "status")));
    }
}
