package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.engine.Volumes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.CursorProperty;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation by inode number passes the control socket of a volume unchanged, and so does its result. */
class RemoteInodesTest {
    @TempDir
    private Path folder;

    private Volume local;
    private ControlServer server;
    private Volume remote;
    private Inodes inodes;

    @BeforeEach
    void start() throws IOException {
        Path volume = folder.resolve("v.holdfast");
        Volumes.format(volume, FormatOptions.ofSize(64 << 20));
        local = Volumes.open(volume, OpenOptions.readWrite());
        server = ControlServer.start(local, ControlPath.of(volume));
        remote = RemoteVolume.connect(ControlPath.of(volume)).orElseThrow();
        inodes = remote.inodes();
    }

    @AfterEach
    void stop() throws IOException {
        remote.close();
        server.close();
        local.close();
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void names() throws IOException {
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory().withMode(0700))
                .inode();
        long f;
        try (StoredFile file = inodes.create(d, "f", CreateOptions.file())) {
            f = file.inode();
            file.write(0, MemorySegment.ofArray(new byte[5000]));
        }
        assertThat(inodes.lookup(d, "f")).isEqualTo(local.status("/d/f")).isEqualTo(inodes.status(f));
        try (StoredFile file = inodes.open(f)) {
            assertThat(file.size()).isEqualTo(5000);
        }
        assertThat(inodes.status(d)).isEqualTo(local.status("/d"));
        assertThat(inodes.parent(d)).isEqualTo(Inodes.ROOT);
        assertThat(inodes.link(f, Inodes.ROOT, "g")).isEqualTo(local.status("/g"));
        long s = inodes.symlink(d, "s", "f").inode();
        assertThat(inodes.readLink(s)).isEqualTo("f");
        assertThat(inodes.list(d, "f", 5)).isEqualTo(local.list("/d", "f", 5)).hasSize(1);
        inodes.rename(d, "s", Inodes.ROOT, "t");
        assertThat(local.readLink("/t")).isEqualTo("f");
        inodes.remove(Inodes.ROOT, "t");
        assertFails(ErrorCode.STALE, () -> inodes.status(s));
        assertFails(ErrorCode.NOT_FOUND, () -> inodes.lookup(d, "s"));
        assertFails(ErrorCode.UNSUPPORTED, () -> inodes.openDisk(f));
    }

    @Test
    void attributes() throws IOException {
        Instant time = Instant.parse("2001-02-03T04:05:06.789012345Z");
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
        inodes.setAttributes(d, AttributeChange.times(null, time));
        inodes.setAttributes(d, AttributeChange.owner(-2, 7));
        inodes.setAttributes(d, AttributeChange.mode(0750));
        assertThat(inodes.status(d)).isEqualTo(local.status("/d")).satisfies(status -> {
            assertThat(status.modifyTime()).isEqualTo(time);
            assertThat(status.uid()).isEqualTo(-2);
            assertThat(status.mode()).isEqualTo(0750);
        });
        inodes.setXattr(d, "user.a", new byte[] {1, 2, 3});
        assertThat(inodes.getXattr(d, "user.a")).containsExactly(1, 2, 3);
        assertThat(inodes.listXattrs(d)).containsExactly("user.a");
        inodes.removeXattr(d, "user.a");
        assertFails(ErrorCode.NO_ATTRIBUTE, () -> inodes.getXattr(d, "user.a"));
    }

    @Test
    void volume() throws IOException {
        long flushed = local.counters().deviceFlushes();
        inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory());
        inodes.flushDirectory(Inodes.ROOT);
        assertThat(local.counters().deviceFlushes()).isGreaterThan(flushed);
        assertThat(inodes.capacity()).isEqualTo(local.inodes().capacity());
    }

    /** A file that was opened by number is in use by the command that has the connection. */
    @Test
    void opensInTheNameOfTheCommand() throws IOException {
        try (StoredFile file = inodes.create(Inodes.ROOT, "f", CreateOptions.file())) {
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> local.remove("/f"))
                    .withMessageContaining(Long.toString(ProcessHandle.current().pid()))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
            inodes.remove(Inodes.ROOT, "f");
            assertThat(file.size()).isZero();
        }
    }

    @Test
    void aCursorReturnsWhatStaysExactlyOnce() throws IOException {
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
        CursorProperty.check(
                new CursorProperty.Directory() {
                    @Override
                    public DirectoryCursor cursor() {
                        return inodes.cursor(d);
                    }

                    @Override
                    public void add(String name) throws HoldfastException {
                        inodes.mkdir(d, name, CreateOptions.directory());
                    }

                    @Override
                    public void remove(String name) throws HoldfastException {
                        inodes.remove(d, name);
                    }

                    @Override
                    public void rename(String from, String to) throws HoldfastException {
                        inodes.rename(d, from, d, to);
                    }
                },
                Long.getLong("holdfast.seed", 1));
    }
}
