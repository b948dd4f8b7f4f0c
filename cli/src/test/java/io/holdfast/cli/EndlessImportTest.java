package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A source that does not end, or becomes far more than it looks like, on a real volume. */
@Timeout(120)
class EndlessImportTest {
    private static final int MIB = 1 << 20;
    private static final int NO_SPACE = 4;
    private static final int USAGE = 2;

    @TempDir
    private Path folder;

    private Path volume;
    private String err = "";

    @BeforeEach
    void format() throws IOException {
        volume = folder.resolve("v");
        Volumes.format(volume, FormatOptions.ofSize(64L * MIB));
    }

    private int run(InputStream in, String... args) {
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        int status = new HoldfastCli(new CliContext(
                        Engine.HOLDFAST,
                        in,
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8),
                        () -> false,
                        Cancellation.none()))
                .run(args);
        err = errBytes.toString(StandardCharsets.UTF_8);
        return status;
    }

    /** Random bytes without an end. */
    private static final class Endless extends InputStream {
        private final Random random = new Random(3);
        long given;

        @Override
        public int read() {
            given++;
            return random.nextInt(256);
        }

        @Override
        public int read(byte[] bytes, int from, int length) {
            byte[] some = new byte[length];
            random.nextBytes(some);
            System.arraycopy(some, 0, bytes, from, length);
            given += length;
            return length;
        }
    }

    /** The server's other users find all space again, at once. */
    @Test
    void aPipeThatDoesNotEndLeavesNothing() throws IOException {
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY));
                ControlServer _ = ControlServer.start(open, ControlPath.of(volume))) {
            long free = open.usage().free();
            assertThat(run(new Endless(), "import", "-", volume.toString(), "/endless"))
                    .as(err)
                    .isEqualTo(NO_SPACE);
            assertThat(err).contains("nothing of the new /endless is left, and its space comes free");
            assertThat(open.list("/", "", 10)).isEmpty();
            try (StoredFile file = open.create("/other", CreateOptions.file())) {
                MemorySegment data = MemorySegment.ofArray(new byte[MIB]).fill((byte) 5);
                for (long at = 0; at < free / 10 * 9; at += MIB) {
                    file.write(at, data);
                }
                file.flush();
            }
            assertThat(open.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void aBoundEndsItBeforeTheVolumeIsFull() throws IOException {
        Endless endless = new Endless();
        assertThat(run(endless, "import", "-", volume.toString(), "/endless", "--max-size", "8M"))
                .as(err)
                .isEqualTo(USAGE);
        assertThat(err).contains("standard input has more than 8 MiB");
        assertThat(endless.given).isLessThanOrEqualTo(16L * MIB);
    }

    /** Zeroes take no space, so nothing but the bound ends this. */
    @Test
    void aBombOfZeroesIsBounded() throws IOException {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bomb)) {
            byte[] zeroes = new byte[MIB];
            for (int i = 0; i < 512; i++) {
                out.write(zeroes);
            }
        }
        InputStream in = new ByteArrayInputStream(bomb.toByteArray());
        assertThat(run(in, "import", "-", volume.toString(), "/bomb", "--max-size", "100M"))
                .as(err)
                .isEqualTo(USAGE);
        assertThat(err).contains("standard input has more than 100 MiB");
        in = new ByteArrayInputStream(bomb.toByteArray());
        assertThat(run(in, "import", "-", volume.toString(), "/bomb", "--max-size", "512M"))
                .as(err)
                .isZero();
    }
}
