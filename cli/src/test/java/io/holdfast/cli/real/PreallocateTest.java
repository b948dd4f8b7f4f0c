package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import io.holdfast.device.FileSpace;
import io.holdfast.device.LoopDevice;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code format --preallocate}: all space of the file is taken at once, and stays taken. */
@Tag("slow")
@Timeout(300)
class PreallocateTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path folder;

    private HostFileSystem host;

    /** File systems that treat room differently: XFS allocates nothing again on a full disk, even what a file has. */
    static Stream<Arguments> fileSystems() {
        return Stream.of(
                Arguments.of(300, new String[] {"/sbin/mkfs.ext4", "-q", "-F", "-m", "0"}),
                Arguments.of(400, new String[] {"/sbin/mkfs.xfs", "-q"}));
    }

    private RealServer preallocated(String size) throws IOException {
        return new RealServer(folder, host.path().resolve("volume.holdfast"), size, "--preallocate");
    }

    private long free() throws IOException {
        return Files.getFileStore(host.path()).getUsableSpace();
    }

    @AfterEach
    void unmount() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void takesAllSpaceAtOnceAndTrimGivesNoneBack() throws IOException {
        Program.needs("qemu-io");
        host = new HostFileSystem(folder, 300);
        try (RealServer server = preallocated("100M")) {
            long taken = FileSpace.of(server.volume()).getAsLong();
            assertThat(taken).isGreaterThanOrEqualTo(100 * MIB);
            server.run("create", "VOLUME", "/disk", "--size", "64M");
            server.start();
            Program.run(
                    folder,
                    "qemu-io",
                    "-f",
                    "raw",
                    "-d",
                    "unmap",
                    "-c",
                    "write -P 7 0 32M",
                    "-c",
                    "flush",
                    "-c",
                    "discard 0 64M",
                    "-c",
                    "flush",
                    "-c",
                    "read -P 0 0 64M",
                    server.uri("/disk"));
            server.run("rm", "VOLUME", "/disk");
            var df = server.run("df", "VOLUME").path("host");
            assertThat(df.path("preallocated").asBoolean()).isTrue();
            assertThat(df.path("promised_bytes").asLong()).isZero();
            assertThat(server.stop()).isZero();
            assertThat(FileSpace.of(server.volume()).getAsLong()).isEqualTo(taken);
            server.assertClean();
        }
    }

    @Test
    void aHostWithoutSoMuchRoomIsRefusedAndNothingIsLeft() throws IOException {
        host = new HostFileSystem(folder, 300);
        host.fillUpTo(40);
        long free = free();
        assertThatThrownBy(() -> preallocated("64M"))
                .hasMessageContaining("status 4")
                .hasMessageContaining("are needed")
                .hasMessageContaining("free");
        assertThat(host.path().resolve("volume.holdfast")).doesNotExist();
        assertThat(free()).isEqualTo(free);
    }

    /** What was there stays: its size, and the volume in it. */
    @Test
    void aRefusedFormatLeavesTheVolumeThatWasThere() throws IOException {
        host = new HostFileSystem(folder, 300);
        try (RealServer old = new RealServer(host.path(), "20M")) {
            old.run("mkdir", "VOLUME", "/kept");
            host.fillUpTo(10);
            assertThatThrownBy(() -> old.run("format", "VOLUME", "--size", "64M", "--preallocate", "--force"))
                    .hasMessageContaining("status 4");
            assertThat(old.volume()).hasSize(20 * MIB);
            assertThat(old.list("/")).containsExactly("kept");
        }
    }

    @Test
    void anInterruptedFormatLeavesNothing() throws IOException {
        host = new HostFileSystem(folder, 300);
        Path fresh = host.path().resolve("fresh");
        Path shorter = Files.write(host.path().resolve("shorter"), new byte[4096]);
        FormatOptions options = FormatOptions.ofSize(200 * MIB).withPreallocate(true);
        long free = free();
        for (Path file : new Path[] {fresh, shorter}) {
            assertThatThrownBy(() -> Volumes.format(file, options, (done, total) -> {
                        assertThat(total).isEqualTo(200 * MIB);
                        throw new IllegalStateException("interrupted after " + done);
                    }))
                    .hasMessage("interrupted after " + 64 * MIB);
        }
        assertThat(fresh).doesNotExist();
        assertThat(shorter).hasSize(4096);
        assertThat(free()).isEqualTo(free);
    }

    @Test
    void aBlockDeviceIsRefusedWithTheReason() throws Exception {
        host = new HostFileSystem(folder, 300);
        Path file = host.path().resolve("disk");
        Program.run(folder, "truncate", "-s", "64M", file.toString());
        try (LoopDevice loop = LoopDevice.on(file).orElseThrow();
                RealServer commands = new RealServer(host.path(), "16M")) {
            assertThatThrownBy(() -> commands.run("format", loop.node().toString(), "--preallocate"))
                    .hasMessageContaining("status 2")
                    .hasMessageContaining("no regular file");
        }
    }

    /** The host has not one free block, and everything goes on: writing, removing, checkpoints, the end. */
    @ParameterizedTest
    @MethodSource("fileSystems")
    void aFullHostIsNotNoticed(int mib, String[] make) throws IOException {
        Program.needs("qemu-io");
        host = new HostFileSystem(folder, mib, make);
        try (RealServer server = preallocated("100M")) {
            server.run("create", "VOLUME", "/disk", "--size", "64M");
            host.fill();
            server.start();
            Program.run(
                    folder,
                    "qemu-io",
                    "-f",
                    "raw",
                    "-d",
                    "unmap",
                    "-c",
                    "write -P 7 0 60M",
                    "-c",
                    "flush",
                    "-c",
                    "discard 0 30M",
                    "-c",
                    "write -P 8 0 10M",
                    "-c",
                    "flush",
                    server.uri("/disk"));
            server.assertClean();
            server.run("resize", "VOLUME", "/disk", "--size", "20M", "--shrink");
            server.run("create", "VOLUME", "/other", "--size", "64M");
            Program.run(folder, "qemu-io", "-f", "raw", "-c", "write -P 9 0 40M", "-c", "flush", server.uri("/other"));
            server.run("rm", "VOLUME", "/other");
            server.assertClean();
            assertThat(server.stop()).isZero();
            assertThat(server.log()).doesNotContain("room");
            server.start();
            Program.run(
                    folder,
                    "qemu-io",
                    "-f",
                    "raw",
                    "-c",
                    "read -P 8 0 10M",
                    "-c",
                    "write -P 3 0 20M",
                    "-c",
                    "flush",
                    server.uri("/disk"));
            server.kill();
            server.start();
            Program.run(folder, "qemu-io", "-f", "raw", "-c", "read -P 3 0 20M", server.uri("/disk"));
            assertThat(server.stop()).isZero();
            server.assertClean();
        }
    }

    @Test
    void growingKeepsThePromiseOrIsRefused() throws IOException {
        host = new HostFileSystem(folder, 300);
        try (RealServer server = preallocated("64M")) {
            server.start();
            server.run("grow", "VOLUME", "--size", "100M");
            assertThat(FileSpace.of(server.volume()).getAsLong()).isGreaterThanOrEqualTo(100 * MIB);
            assertThat(server.run("df", "VOLUME")
                            .path("host")
                            .path("promised_bytes")
                            .asLong())
                    .isZero();
            host.fillUpTo(20);
            assertThatThrownBy(() -> server.run("grow", "VOLUME", "--size", "160M"))
                    .hasMessageContaining("status 4")
                    .hasMessageContaining("are needed");
            assertThat(server.volume()).hasSize(100 * MIB);
            host.fill();
            server.run("mkdir", "VOLUME", "/after");
            server.assertClean();
            assertThat(server.stop()).isZero();
        }
        // The promise is the volume's: any process that makes it larger keeps it.
        host.empty();
        Path volume = host.path().resolve("volume.holdfast");
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite().withIo("plain"))) {
            open.grow(120 * MIB);
        }
        assertThat(FileSpace.of(volume).getAsLong()).isGreaterThanOrEqualTo(120 * MIB);
    }
}
