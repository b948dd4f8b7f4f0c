package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.cli.fake.FakeJobs;
import io.holdfast.cli.fake.Household;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.CursorProperty;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.Extent;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobState;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeGrowth;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation passes the control socket unchanged, and so does its result. */
class RemoteVolumeTest {
    @TempDir
    private Path folder;

    private Household home;
    private Volume remote;

    @BeforeEach
    void start() throws IOException {
        home = new Household(folder).formatted().serve();
        remote = RemoteVolume.connect(ControlPath.of(home.volume)).orElseThrow();
    }

    @AfterEach
    void stop() throws IOException {
        remote.close();
        home.close();
    }

    @Test
    void reports() throws IOException {
        assertThat(remote.info()).isEqualTo(home.fake().info());
        assertThat(remote.usage()).isEqualTo(home.fake().usage());
        assertThat(remote.counters()).isEqualTo(home.fake().counters());
        assertThat(remote.recovery()).isEqualTo(home.fake().recovery());
        assertThat(remote.failure()).isEmpty();
        assertThat(remote.check(Progress.NONE)).isEqualTo(home.fake().check(Progress.NONE));
    }

    @Test
    void checksOfParts() throws IOException {
        CheckOptions part = new CheckOptions(true, List.of("/a", "/b"), 4096);
        assertThat(remote.check(part, Progress.NONE)).isEqualTo(home.fake().check(Progress.NONE));
        remote.check(part, Progress.NONE);
        assertThat(home.fake().checked).isEqualTo(part);
        remote.check(Progress.NONE);
        assertThat(home.fake().checked).isEqualTo(CheckOptions.ALL);
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> remote.check(new CheckOptions(false, List.of("a/"), 0), Progress.NONE))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
    }

    @Test
    void theLastCheck() throws IOException {
        assertThat(remote.lastCheck()).isEmpty();
        FinishedCheck check = new FinishedCheck(Instant.ofEpochMilli(1_700_000_000_123L), 5, 6, 7);
        home.fake().lastCheck = Optional.of(check);
        assertThat(remote.lastCheck()).contains(check);
    }

    @Test
    void jobs() throws IOException {
        assertThat(remote.jobs().list()).isEmpty();
        home.fake().jobs.add(FakeJobs.CHECK);
        assertThat(remote.jobs().list()).containsExactly(FakeJobs.CHECK);
        remote.jobs().pause(7);
        assertThat(remote.jobs().list().getFirst().state()).isEqualTo(JobState.PAUSED);
        remote.jobs().resume(7);
        remote.jobs().limit(7, 4096);
        assertThat(remote.jobs().list().getFirst().limit()).isEqualTo(4096);
        remote.jobs().cancel(7);
        assertThat(home.fake().jobs.list()).isEmpty();
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> remote.jobs().pause(7))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }

    @Test
    void growing() throws IOException {
        long size = remote.info().size();
        assertThat(remote.grow(size + 4096)).isEqualTo(new VolumeGrowth(size, size + 4096));
        assertThat(remote.info().size()).isEqualTo(size + 4096);
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> remote.grow(size))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
    }

    @Test
    void aFailureKeepsItsCode() {
        home.fake().failWith(new HoldfastException(ErrorCode.DEVICE_ERROR, "gone"));
        assertThat(remote.failure()).get().satisfies(f -> {
            assertThat(f.code()).isEqualTo(ErrorCode.DEVICE_ERROR);
            assertThat(f).hasMessage("gone");
        });
    }

    @Test
    void namespace() throws IOException {
        remote.mkdir("/d", CreateOptions.directory().withMode(0700));
        remote.create("/d/f", CreateOptions.file()).close();
        remote.link("/d/f", "/g");
        remote.symlink("/s", "d/f");
        assertThat(remote.readLink("/s")).isEqualTo("d/f");
        assertThat(remote.status("/d").mode()).isEqualTo(0700);
        assertThat(remote.status("/g")).isEqualTo(home.fake().status("/d/f"));
        assertThat(remote.status("/s").kind()).isEqualTo(FileKind.SYMLINK);
        assertThat(remote.list("/", "d", 1)).isEqualTo(home.fake().list("/", "d", 1));
        remote.rename("/g", "/h");
        remote.remove("/h");
        assertThat(remote.list("/", "", 10)).extracting(e -> e.name()).containsExactly("d", "s");
    }

    @Test
    void aCursorReturnsWhatStaysExactlyOnce() throws IOException {
        remote.mkdir("/d", CreateOptions.directory());
        CursorProperty.check(
                new CursorProperty.Directory() {
                    @Override
                    public DirectoryCursor cursor() {
                        return DirectoryCursor.of(remote, "/d");
                    }

                    @Override
                    public void add(String name) throws HoldfastException {
                        remote.mkdir("/d/" + name, CreateOptions.directory());
                    }

                    @Override
                    public void remove(String name) throws HoldfastException {
                        remote.remove("/d/" + name);
                    }

                    @Override
                    public void rename(String from, String to) throws HoldfastException {
                        remote.rename("/d/" + from, "/d/" + to);
                    }
                },
                Long.getLong("holdfast.seed", 1));
    }

    @Test
    void attributes() throws IOException {
        remote.create("/f", CreateOptions.file()).close();
        Instant time = Instant.parse("2001-02-03T04:05:06.789012345Z");
        remote.setAttributes("/f", AttributeChange.times(null, time));
        remote.setAttributes("/f", AttributeChange.owner(-2, 7));
        remote.setAttributes("/f", AttributeChange.mode(04755));
        FileStatus status = remote.status("/f");
        assertThat(status).isEqualTo(home.fake().status("/f"));
        assertThat(status.modifyTime()).isEqualTo(time);
        assertThat(status.uid()).isEqualTo(-2);
        assertThat(status.mode()).isEqualTo(04755);
    }

    @Test
    void extendedAttributes() throws IOException {
        byte[] value = new byte[65_536];
        new Random(3).nextBytes(value);
        remote.create("/f", CreateOptions.file()).close();
        remote.setXattr("/f", "user.a", value);
        remote.setXattr("/f", "user.empty", new byte[0]);
        assertThat(remote.getXattr("/f", "user.a")).isEqualTo(value);
        assertThat(remote.getXattr("/f", "user.empty")).isEmpty();
        assertThat(remote.listXattrs("/f")).containsExactly("user.a", "user.empty");
        remote.removeXattr("/f", "user.a");
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> remote.getXattr("/f", "user.a"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_ATTRIBUTE));
    }

    @Test
    void largeReadsAndWritesAreCutBetweenBlocks() throws IOException {
        byte[] content = new byte[(3 << 20) + 12_345];
        new Random(5).nextBytes(content);
        try (StoredFile file = remote.create("/f", CreateOptions.file())) {
            file.write(100, MemorySegment.ofArray(content), Set.of(WriteFlag.FUA));
            assertThat(file.size()).isEqualTo(100 + content.length);
            byte[] back = new byte[content.length + 500];
            assertThat(file.read(100, MemorySegment.ofArray(back), Set.of(ReadFlag.DIRECT)))
                    .isEqualTo(content.length);
            assertThat(back).startsWith(content);
            assertThat(file.read(file.size(), MemorySegment.ofArray(back))).isZero();
        }
    }

    @Test
    void fileOperations() throws IOException {
        try (StoredFile file = remote.create("/f", CreateOptions.file().withoutChecksum())) {
            file.write(0, MemorySegment.ofArray(new byte[8192]));
            file.truncate(1 << 20);
            file.allocate(0, 4096);
            file.zero(0, 4096);
            file.punch(0, 4096);
            int flushes = home.fake().flushes.get();
            file.flush();
            assertThat(home.fake().flushes).hasValue(flushes + 1);
            assertThat(file.map(0, -1L >>> 1, 10))
                    .containsExactly(
                            new Extent(0, 4096, Extent.State.HOLE),
                            new Extent(4096, 4096, Extent.State.WRITTEN),
                            new Extent(8192, (1 << 20) - 8192, Extent.State.HOLE));
            assertThat(file.map(0, 1 << 20, 1)).hasSize(1);
            assertThat(file.status()).isEqualTo(home.fake().status("/f"));
            assertThat(file.inode()).isEqualTo(file.status().inode());
            assertThat(file.checksummed()).isFalse();
        }
        assertThat(home.fake().openFiles).hasValue(0);
    }

    @Test
    void aLostServerIsToldFromAnErrorOfTheVolume() throws IOException {
        home.close();
        assertThatExceptionOfType(ServerLostException.class)
                .isThrownBy(() -> remote.status("/"))
                .withMessageContaining("lost the server");
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> remote.info())
                .withCauseInstanceOf(ServerLostException.class);
        home = new Household(folder);
    }
}
