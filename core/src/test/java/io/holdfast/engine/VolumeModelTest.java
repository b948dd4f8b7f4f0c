package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Extent;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random operations on a few small files, compared with a model after every step. One seed is one run; more of them with
 * {@code -Dholdfast.model.seeds=N}, others with {@code -Dholdfast.model.first=SEED}.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VolumeModelTest {
    private static final int SEEDS = Integer.getInteger("holdfast.model.seeds", 24);
    private static final long FIRST = Long.getLong("holdfast.model.first", 1);
    private static final int STEPS = Integer.getInteger("holdfast.model.steps", 1500);

    @Test
    void doesWhatTheModelDoes() {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Run run = new Run(seed);
            try {
                run.run();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("seed " + seed + " step " + run.step + ": " + run.last, e);
            }
        }
    }

    private static final class Open {
        final ModelFile model;
        final StoredFile file;

        Open(ModelFile model, StoredFile file) {
            this.model = model;
            this.file = file;
        }
    }

    private static final class Run {
        private static final long[] BASES = {
            0, 0, 0, (1L << 20) - 10 * 4096, (1L << 28) - 7 * 4096, Long.MAX_VALUE - 8 * 4096 + 1, -ModelFile.BYTES
        };

        private final Random random;
        private final MemoryDevice device;
        private final MemorySegment memory = Arena.ofAuto().allocate(ModelFile.BYTES + 4096, 4096);
        private final Map<String, ModelFile> names = new TreeMap<>();
        private final List<Open> open = new ArrayList<>();
        private StoredVolume volume;
        int step;
        String last = "";

        Run(long seed) {
            random = new Random(seed);
            try {
                device = TestVolumes.formatted(
                        16 + 16 * random.nextInt(2), ChecksumAlgorithm.values()[random.nextInt(2)], seed);
                volume = reopened();
            } catch (HoldfastException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }

        private StoredVolume reopened() throws HoldfastException {
            return TestVolumes.open(
                    TestVolumes.through(device), OpenOptions.MIN_MEMORY << random.nextInt(2), random.nextLong());
        }

        void run() throws Exception {
            for (step = 0; step < STEPS; step++) {
                if (open.isEmpty() || (open.size() < 5 && random.nextInt(60) == 0)) {
                    openOne();
                } else if (random.nextInt(10) == 0) {
                    namespace();
                } else {
                    onFile(open.get(random.nextInt(open.size())));
                }
            }
            last = "at the end";
            for (Open o : open) {
                verify(o);
            }
            TestVolumes.assertAtRest(volume);
            closeAll();
            TestVolumes.assertAtRest(volume);
            volume.close();
            volume = reopened();
            for (String name : names.keySet()) {
                open.add(new Open(names.get(name), volume.open(name)));
                verify(open.getLast());
            }
            volume.close();
        }

        private void openOne() throws HoldfastException {
            String name = "/f" + random.nextInt(4);
            last = "open " + name;
            ModelFile model = names.get(name);
            if (model == null) {
                boolean checksummed = random.nextInt(3) > 0;
                model = new ModelFile(BASES[random.nextInt(BASES.length)], checksummed);
                CreateOptions options = CreateOptions.file().withSize(model.base);
                names.put(name, model);
                open.add(new Open(model, volume.create(name, checksummed ? options : options.withoutChecksum())));
            } else {
                open.add(new Open(model, volume.open(name)));
            }
        }

        private void closeAll() {
            open.forEach(o -> o.file.close());
            open.clear();
        }

        private void namespace() throws Exception {
            String a = "/f" + random.nextInt(4);
            String b = "/f" + random.nextInt(4);
            switch (random.nextInt(9)) {
                case 0 -> {
                    last = "rename " + a + " " + b;
                    if (names.containsKey(a)) {
                        ModelFile moved = names.get(a);
                        volume.rename(a, b);
                        if (names.get(b) != moved) {
                            names.remove(a);
                            names.put(b, moved);
                        }
                    }
                }
                case 1 -> {
                    last = "link " + a + " " + b;
                    if (names.containsKey(a) && !names.containsKey(b)) {
                        volume.link(a, b);
                        names.put(b, names.get(a));
                    }
                }
                case 2 -> {
                    last = "remove " + a;
                    if (names.containsKey(a)) {
                        volume.remove(a);
                        names.remove(a);
                    }
                }
                case 3, 4 -> {
                    last = "close a handle";
                    open.remove(random.nextInt(open.size())).file.close();
                }
                case 5 -> {
                    last = "sync";
                    volume.sync();
                }
                case 6 -> {
                    last = "checkpoint";
                    volume.checkpoint();
                }
                case 7 -> {
                    last = "list";
                    assertThat(volume.list("/", "", 100))
                            .extracting(entry -> "/" + entry.name())
                            .containsExactlyElementsOf(names.keySet());
                }
                default -> {
                    if (random.nextInt(4) == 0) {
                        last = "reopen";
                        closeAll();
                        volume.close();
                        volume = reopened();
                        assertThat(volume.recovery().clean()).isTrue();
                        assertThat(volume.recovery().problems()).isEmpty();
                    }
                }
            }
        }

        private int offset() {
            int at = random.nextInt(ModelFile.BYTES);
            return random.nextInt(3) > 0 ? at & ~4095 : at;
        }

        private int length(int at) {
            int length = 1 + random.nextInt(random.nextInt(8) == 0 ? ModelFile.BYTES : 4 * 4096);
            if (random.nextInt(3) > 0) {
                length = (length + 4095) & ~4095;
            }
            return Math.min(length, ModelFile.BYTES - at);
        }

        private void onFile(Open o) throws Exception {
            int at = offset();
            int length = length(at);
            ModelFile m = o.model;
            // The largest file ends one byte before 2^64.
            if (m.base + at + length == 0) {
                length--;
                if (length == 0) {
                    return;
                }
            }
            long offset = m.base + at;
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> write(o, at, length);
                case 4 -> {
                    last = "punch %d %d".formatted(at, length);
                    o.file.punch(offset, length);
                    m.change(at, length, Extent.State.HOLE);
                }
                case 5 -> {
                    last = "zero %d %d".formatted(at, length);
                    o.file.zero(offset, length);
                    m.change(at, length, Extent.State.UNWRITTEN);
                }
                case 6 -> {
                    last = "allocate %d %d".formatted(at, length);
                    o.file.allocate(offset, length);
                    m.allocate(at, length);
                }
                case 7 -> {
                    last = "truncate %d, size was %d".formatted(at, m.size);
                    o.file.truncate(offset);
                    m.truncate(at);
                }
                case 8 -> {
                    last = "flush";
                    o.file.flush();
                }
                default -> {}
            }
            verify(o);
        }

        private void write(Open o, int at, int length) throws HoldfastException {
            byte[] data = new byte[length];
            if (random.nextInt(10) > 0) {
                random.nextBytes(data);
            }
            Set<WriteFlag> flags = EnumSet.noneOf(WriteFlag.class);
            for (WriteFlag flag : WriteFlag.values()) {
                if (random.nextInt(3) == 0) {
                    flags.add(flag);
                }
            }
            last = "write %d %d %s checksummed %s".formatted(at, length, flags, o.model.checksummed);
            MemorySegment source = MemorySegment.ofArray(data);
            if (random.nextInt(3) > 0) {
                source = memory.asSlice(random.nextInt(4) == 0 ? random.nextInt(4096) : 0, length)
                        .copyFrom(source);
            }
            try {
                o.file.write(o.model.base + at, source, flags);
                o.model.write(at, data, length);
            } catch (HoldfastException e) {
                if (e.code() != ErrorCode.WOULD_BLOCK || !flags.contains(WriteFlag.NOWAIT)) {
                    throw e;
                }
            }
        }

        /** Reads a part or all of the window and compares it. */
        private void verify(Open o) throws HoldfastException {
            ModelFile m = o.model;
            assertThat(o.file.size()).isEqualTo(m.base + m.size);
            int at = random.nextInt(3) == 0 ? offset() : 0;
            int length = random.nextInt(3) == 0 ? length(at) : ModelFile.BYTES - at;
            Set<ReadFlag> flags = random.nextBoolean() ? Set.of() : Set.of(ReadFlag.DIRECT);
            MemorySegment target = memory.asSlice(random.nextInt(3), length);
            String what = "read %d %d %s".formatted(at, length, flags);
            target.fill((byte) 0x5a);
            long n = o.file.read(m.base + at, target, flags);
            assertThat(n).as(what).isEqualTo(Math.clamp(m.size - at, 0, length));
            byte[] got = target.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
            for (int i = 0; i < n; i++) {
                if (got[i] != m.content[at + i]) {
                    throw new AssertionError("%s: byte %d is %d, not %d; state %s"
                            .formatted(what, at + i, got[i], m.content[at + i], m.states[(at + i) / 4096]));
                }
            }
            if (random.nextInt(4) == 0) {
                m.assertMap(o.file.map(
                        m.base, m.base + ModelFile.BYTES == 0 ? ModelFile.BYTES - 1 : ModelFile.BYTES, 1000));
            }
        }
    }
}
