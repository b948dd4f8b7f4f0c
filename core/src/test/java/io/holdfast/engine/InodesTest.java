package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.btree.Generator;
import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.CursorProperty;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeCapacity;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files by inode number, through the whole engine. */
class InodesTest {
    private MemoryDevice device;
    private StoredVolume volume;
    private Inodes inodes;

    @BeforeEach
    void open() throws HoldfastException {
        device = TestVolumes.formatted(16);
        reopen();
    }

    private void reopen() throws HoldfastException {
        volume = TestVolumes.open(TestVolumes.through(device), 1);
        inodes = volume.inodes();
    }

    @AfterEach
    void close() throws HoldfastException {
        TestVolumes.assertAtRest(volume);
        assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        volume.close();
    }

    private record User(String description) implements FileUser {
        @Override
        public boolean hasBegun() {
            return true;
        }

        @Override
        public void cutOff() {}
    }

    private Inodes of(String user) throws HoldfastException {
        return volume.as(new User(user)).inodes();
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(call)
                .extracting(HoldfastException::code)
                .isEqualTo(code);
    }

    private long create(long directory, String name) throws HoldfastException {
        try (StoredFile file = inodes.create(directory, name, CreateOptions.file())) {
            return file.inode();
        }
    }

    @Test
    void statusIsThatOfThePath() throws HoldfastException {
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
        try (StoredFile file = inodes.create(d, "f", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(new byte[10_000]));
            FileStatus status = inodes.lookup(d, "f");
            assertThat(status.size()).isEqualTo(10_000);
            assertThat(status.allocatedBytes()).isPositive();
            assertThat(status).isEqualTo(volume.status("/d/f")).isEqualTo(inodes.status(file.inode()));
            assertThat(inodes.link(file.inode(), Inodes.ROOT, "g").links()).isEqualTo(2);
        }
        assertThat(inodes.symlink(d, "s", "f")).isEqualTo(volume.status("/d/s"));
        assertThat(inodes.status(Inodes.ROOT)).isEqualTo(volume.status("/"));
        assertThat(inodes.cursor(d).next().orElseThrow().name()).isEqualTo("f");
    }

    @Test
    void aHandleOutlivesItsNumber() throws HoldfastException {
        long f = create(Inodes.ROOT, "f");
        try (StoredFile file = inodes.open(f)) {
            file.write(0, MemorySegment.ofArray(new byte[] {7}));
            inodes.remove(Inodes.ROOT, "f");
            assertFails(ErrorCode.STALE, () -> inodes.status(f));
            assertFails(ErrorCode.STALE, () -> inodes.open(f));
            assertFails(ErrorCode.STALE, () -> inodes.openDisk(f));
            assertThat(file.status().links()).isZero();
            assertThat(create(Inodes.ROOT, "f")).isNotEqualTo(f);
            byte[] found = new byte[1];
            assertThat(file.read(0, MemorySegment.ofArray(found))).isEqualTo(1);
            assertThat(found[0]).isEqualTo((byte) 7);
        }
        assertFails(ErrorCode.STALE, () -> inodes.status(f));
        try (StoredFile unnamed = volume.createUnnamed(CreateOptions.file())) {
            assertFails(ErrorCode.STALE, () -> inodes.open(unnamed.inode()));
            volume.link(unnamed, "/u", false);
            inodes.open(unnamed.inode()).close();
        }
    }

    @Test
    void aDiskKeepsItsSize() throws HoldfastException {
        long f = create(Inodes.ROOT, "f");
        try (StoredFile disk = inodes.openDisk(f)) {
            assertFails(ErrorCode.BEYOND_END, () -> disk.write(0, MemorySegment.ofArray(new byte[1])));
        }
    }

    @Test
    void whatAUserHasOpenByNumberIsInUse() throws HoldfastException {
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
        long f = create(d, "f");
        create(d, "other");
        for (boolean known : new boolean[] {true, false}) {
            if (!known) {
                volume.close();
                reopen();
            } else {
                inodes.lookup(d, "f");
            }
            Inodes user = of("user");
            try (StoredFile _ = user.open(f)) {
                assertFails(ErrorCode.IN_USE, () -> inodes.remove(d, "f"));
                assertFails(ErrorCode.IN_USE, () -> volume.remove("/d/f"));
                assertFails(ErrorCode.IN_USE, () -> volume.rename("/d/f", "/x"));
                assertFails(ErrorCode.IN_USE, () -> inodes.rename(d, "other", d, "f"));
                assertFails(ErrorCode.IN_USE, () -> volume.claim(List.of("/d/f"), InUse.REFUSE));
                assertFails(ErrorCode.IN_USE, () -> volume.claimSize("/d/f", InUse.REFUSE));
                if (known) {
                    assertFails(ErrorCode.IN_USE, () -> volume.rename("/d", "/x"));
                    assertFails(ErrorCode.IN_USE, () -> volume.claim(List.of("/d"), InUse.REFUSE));
                } else {
                    volume.rename("/d", "/x");
                    volume.rename("/x", "/d");
                }
                user.rename(d, "f", d, "g");
                user.rename(d, "g", d, "f");
            }
            try (FileClaim _ = volume.claim(List.of("/d/f"), InUse.REFUSE)) {
                assertFails(ErrorCode.IN_USE, () -> user.open(f));
            }
        }
        inodes.remove(d, "f");
    }

    @Test
    void aNumberThatIsDurableIsNeverAnothersAfterACrash() throws HoldfastException {
        long flushed;
        MemoryDevice left;
        MemoryDevice crashing = TestVolumes.formatted(16);
        try (FaultDevice faults = new FaultDevice(crashing.copy(), 1 << 20);
                StoredVolume before = TestVolumes.open(faults, 2)) {
            Inodes old = before.inodes();
            long d = old.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
            old.flushDirectory(Inodes.ROOT);
            try (StoredFile file = old.create(d, "f", CreateOptions.file())) {
                flushed = file.inode();
            }
            // Of another directory: changes of names are durable in their order.
            old.flushDirectory(Inodes.ROOT);
            // While it is open the reaper leaves it, and asks for no checkpoint, which would make the removal durable.
            try (StoredFile _ = old.open(flushed)) {
                old.remove(d, "f");
                old.mkdir(d, "lost", CreateOptions.directory());
                left = faults.imageAfterCrash(new CrashRule.DropAll());
            }
        }
        try (StoredVolume after = TestVolumes.open(left, 3)) {
            assertThat(after.inodes().status(flushed)).isEqualTo(after.status("/d/f"));
            assertFails(ErrorCode.NOT_FOUND, () -> after.status("/d/lost"));
            try (StoredFile created = after.create("/new", CreateOptions.file())) {
                assertThat(created.inode()).isGreaterThan(flushed);
            }
            assertThat(after.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void flushingADirectoryAsksForOne() throws HoldfastException {
        long f = create(Inodes.ROOT, "f");
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> inodes.flushDirectory(f));
        assertFails(ErrorCode.STALE, () -> inodes.flushDirectory(f + 1));
        long flushes = volume.counters().deviceFlushes();
        inodes.flushDirectory(Inodes.ROOT);
        assertThat(volume.counters().deviceFlushes()).isGreaterThan(flushes);
    }

    @Test
    void aReadOnlyVolumeIsReadByNumber() throws HoldfastException {
        long f = create(Inodes.ROOT, "f");
        volume.close();
        Inodes kept;
        try (StoredVolume reading = TestVolumes.openReadOnly(TestVolumes.through(device))) {
            kept = reading.inodes();
            assertThat(kept.lookup(Inodes.ROOT, "f").inode()).isEqualTo(f);
            kept.open(f).close();
            assertFails(ErrorCode.READ_ONLY, () -> kept.create(Inodes.ROOT, "g", CreateOptions.file()));
            assertFails(ErrorCode.READ_ONLY, () -> kept.mkdir(Inodes.ROOT, "g", CreateOptions.directory()));
            assertFails(ErrorCode.READ_ONLY, () -> kept.remove(Inodes.ROOT, "f"));
            assertFails(ErrorCode.READ_ONLY, () -> kept.flushDirectory(Inodes.ROOT));
        }
        assertFails(ErrorCode.CLOSED, () -> kept.status(f));
        reopen();
    }

    @Test
    void capacityIsUsageAndAnEstimate() throws HoldfastException {
        VolumeCapacity capacity = inodes.capacity();
        assertThat(capacity.usage()).isEqualTo(volume.usage());
        assertThat(capacity.nameBytesMax()).isEqualTo(255);
        long possible = capacity.filesPossible();
        Map<Integer, Long> created = new TreeMap<>();
        for (int i = 0; i < possible / 4; i++) {
            created.put(i, create(Inodes.ROOT, "a-name-of-ordinary-length-" + i));
        }
        assertThat(created).hasSize((int) (possible / 4));
        volume.checkpoint();
        assertThat(inodes.capacity().filesPossible()).isBetween(possible / 4, possible);
    }

    static LongStream seeds() {
        return Generator.seeds(3);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aCursorReturnsWhatStaysExactlyOnce(long seed) throws HoldfastException {
        long d = inodes.mkdir(Inodes.ROOT, "d", CreateOptions.directory()).inode();
        CursorProperty.check(
                new CursorProperty.Directory() {
                    private int calls;

                    @Override
                    public DirectoryCursor cursor() {
                        return ++calls % 2 == 0 ? inodes.cursor(d) : DirectoryCursor.of(volume, "/d");
                    }

                    @Override
                    public void add(String name) throws HoldfastException {
                        create(d, name);
                    }

                    @Override
                    public void remove(String name) throws HoldfastException {
                        inodes.remove(d, name);
                    }

                    @Override
                    public void rename(String from, String to) throws HoldfastException {
                        if (++calls % 5 == 0) {
                            volume.checkpoint();
                        }
                        inodes.rename(d, from, d, to);
                    }
                },
                seed);
    }
}
