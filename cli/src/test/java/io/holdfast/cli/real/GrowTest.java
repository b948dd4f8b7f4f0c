package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.LoopDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code holdfast grow} in processes of its own, on files and block devices. */
@Timeout(180)
class GrowTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path folder;

    private JavaProcess.Result ok(String... lines) throws IOException {
        JavaProcess.Result result = JavaProcess.script(folder, lines);
        assertThat(result.status()).as(result.err()).isZero();
        return result;
    }

    private String refused(int status, String line) throws IOException {
        JavaProcess.Result result = JavaProcess.holdfast(folder, line);
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        return result.err();
    }

    @Test
    void aFileThatSomebodyMadeLonger() throws IOException {
        JavaProcess.Result result = ok(
                "holdfast format v --size 16M --label growing >/dev/null",
                "holdfast import /etc/passwd v /p >/dev/null",
                "truncate -s 3G v",
                "holdfast grow v",
                "holdfast grow v",
                "holdfast check v | tail -1",
                "holdfast export v /p - 2>/dev/null | cmp - /etc/passwd",
                "holdfast info v");
        assertThat(result.out()).contains("grew v from 16 MiB to 3 GiB\n", "v has 3 GiB already", "clean\n", "growing");
        assertThat(refused(2, "grow v --size 1G")).contains("the volume has 3 GiB", "cannot shrink");
        assertThat(refused(2, "grow v --size 1E")).contains("too large", "64 PiB");
        assertThat(refused(1, "grow v --size 40T --memory 16M")).contains("of memory for its groups alone");
        assertThat(Files.size(folder.resolve("v"))).isEqualTo(3072 * MIB);
    }

    @Test
    void whatIsNoVolume() throws IOException {
        ok("mkfifo pipe; mkdir dir; head -c 20M /dev/zero >zeroes");
        assertThat(refused(5, "grow missing --size 1G")).contains("missing");
        assertThat(refused(2, "grow pipe --size 1G")).contains("neither a regular file nor a block device");
        assertThat(refused(11, "grow dir --size 1G")).contains("dir");
        assertThat(refused(8, "grow zeroes --size 1G")).contains("not a Holdfast volume");
        assertThat(folder.resolve("missing")).doesNotExist();
        assertThat(Files.size(folder.resolve("zeroes"))).isEqualTo(20 * MIB);
    }

    @Test
    void aFileThatNobodyMayWrite() throws IOException {
        ok("holdfast format v --size 16M >/dev/null", "chattr +i v 2>/dev/null || true");
        try {
            Assumptions.assumeFalse(Files.isWritable(folder.resolve("v")), "this file system has no immutable files");
            assertThat(refused(1, "grow v --size 1G")).contains("v cannot be");
        } finally {
            ok("chattr -i v 2>/dev/null || true");
        }
    }

    /** The device below grows while the volume is open, and while it is not. */
    @Test
    void aBlockDevice() throws Exception {
        Path image = folder.resolve("image");
        length(image, 64 * MIB);
        LoopDevice loop = LoopDevice.on(image).orElse(null);
        Assumptions.assumeTrue(loop != null, "no loop device");
        try (loop) {
            String node = loop.node().toString();
            ok("holdfast format " + node + " >/dev/null", "holdfast import /etc/passwd " + node + " /p >/dev/null");
            assertThat(refused(2, "grow " + node + " --size 65M")).contains(node + " has 64 MiB, less than the 65 MiB");
            assertThat(ok("holdfast grow " + node).out()).contains("has 64 MiB already");
            length(image, 300 * MIB);
            ok("losetup --set-capacity " + node);
            assertThat(ok("holdfast grow " + node + " --size 200M").out()).contains("from 64 MiB to 200 MiB");
            assertThat(ok("holdfast grow " + node).out()).contains("from 200 MiB to 300 MiB");
            JavaProcess.Result served = ok(
                    "holdfast serve " + node + " --nbd unix:nbd --json >log & server=$!",
                    "until grep -q ready log; do kill -0 $server || exit 1; read -t 0.1 <> <(:) || true; done",
                    "pid=$(sed -n 's/.*\"pid\":\\([0-9]*\\).*/\\1/p' log)",
                    "truncate -s 1500M image; losetup --set-capacity " + node,
                    "holdfast grow " + node,
                    "holdfast df " + node,
                    "holdfast check " + node + " | tail -1",
                    "kill $pid; wait $server");
            assertThat(served.out()).contains("from 300 MiB to 1.5 GiB", "clean");
            assertThat(ok(
                                    "holdfast check " + node + " | tail -1",
                                    "holdfast export " + node + " /p - 2>/dev/null | cmp - /etc/passwd && echo same")
                            .out())
                    .contains("clean", "same");
        }
    }

    private static void length(Path file, long bytes) throws IOException {
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.setLength(bytes);
        }
    }
}
