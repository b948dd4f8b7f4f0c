package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.SealedBuffer;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Layout;
import io.holdfast.inject.Point;
import io.holdfast.sim.disk.SimDevice;
import io.holdfast.sim.disk.SimDisk;
import io.holdfast.sim.schedule.Order;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.schedule.Trace;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeRepair;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A volume with some of everything, in a simulation of its own, on which one call meets one failure. Afterwards nothing
 * may be lost or leaked, and the check must find the volume clean.
 */
final class SweptVolume {
    static final int BLOCK = 4096;
    private static final Set<ErrorCode> CLEAR = Set.of(
            ErrorCode.DEVICE_ERROR, ErrorCode.FAILED, ErrorCode.NO_SPACE, ErrorCode.NO_MEMORY, ErrorCode.WOULD_BLOCK);
    /** A call may have taken effect before it failed; trying it again may then give one of these errors. */
    private static final Set<ErrorCode> DONE_ALREADY =
            Set.of(ErrorCode.EXISTS, ErrorCode.NOT_FOUND, ErrorCode.NO_ATTRIBUTE);

    private static final Logger ENGINE = Logger.getLogger("holdfast");

    /** The call under test. */
    interface Call {
        void on(SweptVolume it) throws Exception;
    }

    /** The result of one run. */
    record Outcome(boolean failureCame, TreeMap<String, byte[]> content) {}

    private final Scheduler scheduler;
    private final Points points;
    private final SimDisk disk;
    private final SplittableRandom random = new SplittableRandom(7);
    private SimDevice device;
    private @Nullable Volume volume;
    private final Arena arena = Arena.ofAuto();

    private SweptVolume() {
        Trace trace = new Trace(null);
        scheduler = new Scheduler(Order.uniform(new SplittableRandom(1)), trace);
        Scenario quiet = Scenario.of(1).with(draft -> draft.pausing = 1 << 24);
        points = new Points(quiet, scheduler, trace);
        disk = new SimDisk(2048, new SplittableRandom(2));
        device = newDevice();
    }

    private SimDevice newDevice() {
        return new SimDevice(disk, scheduler, new Trace(null), new SplittableRandom(3), List.of(), 1, problem -> {
            throw new AssertionError(problem);
        });
    }

    /** Runs a call and fails its nth I/O, or its nth allocation at a point; 0 for no failure. */
    static Outcome run(Call call, @Nullable Point allocation, int nth, @Nullable TreeMap<String, byte[]> expected) {
        return run(call, allocation, false, nth, expected);
    }

    /** Runs a call in which memory runs out where a point is passed the nth time. */
    static Outcome runOut(Call call, Point at, int nth, TreeMap<String, byte[]> expected) {
        return run(call, at, true, nth, expected);
    }

    private static Outcome run(
            Call call, @Nullable Point at, boolean runsOut, int nth, @Nullable TreeMap<String, byte[]> expected) {
        SweptVolume it = new SweptVolume();
        Outcome[] outcome = new Outcome[1];
        ENGINE.setLevel(Level.OFF);
        SimInjector.activate(it.points);
        try {
            Throwable[] thrown = new Throwable[1];
            Thread main = it.scheduler.start("sweep", () -> {
                try {
                    outcome[0] = it.play(call, at, runsOut, nth, expected);
                } catch (Throwable e) {
                    thrown[0] = e;
                }
            });
            it.scheduler.run(main, () -> {});
            if (thrown[0] != null) {
                throw new AssertionError("failure " + nth + ": " + thrown[0], thrown[0]);
            }
        } finally {
            SimInjector.activate(null);
            it.scheduler.close();
            ENGINE.setLevel(null);
        }
        return outcome[0];
    }

    private Outcome play(
            Call call, @Nullable Point allocation, boolean runsOut, int nth, @Nullable TreeMap<String, byte[]> expected)
            throws Exception {
        VolumeOnDevice.format(device, ChecksumAlgorithm.CRC32C, "sweep", environment());
        open();
        furnish();
        TreeMap<String, byte[]> durable = content();
        volume().close();
        open();
        // Write data that is accepted and not durable, so that operations find it dirty.
        write("/f", 3, 'B');
        write("/raw", 3, 'B');
        TreeMap<String, byte[]> before = content();
        boolean[] ranOut = new boolean[1];
        if (allocation == null) {
            device.failOnce(nth);
        } else if (runsOut) {
            points.arm(allocation, nth, () -> {
                ranOut[0] = true;
                throw new OutOfMemoryError("simulated, at " + allocation);
            });
        } else {
            points.failOnce(allocation, nth);
        }
        HoldfastException error = null;
        try {
            call.on(this);
        } catch (HoldfastException e) {
            error = e;
            assertThat(e.code()).as("of %s", e).isIn(CLEAR);
            assertThat(e.getMessage()).isNotBlank();
        }
        boolean came = nth > 0 && (allocation == null ? device.failedOnce() : ranOut[0] || points.failedOnce());
        points.disarm();
        device.failOnce(0);
        points.failOnce(null, 0);
        if (came && error == null && allocation == null && isFailed()) {
            // A background thread met the failure, and the call did not need that I/O: fine.
            assertThat(volume().failure().orElseThrow().getMessage()).isNotBlank();
        }
        boolean broken = volume == null || isFailed();
        if (broken) {
            crashAndOpen();
            requireSome(List.of(expected == null ? before : expected, before, durable));
        } else if (error != null) {
            again(call, error);
            if (expected != null) {
                requireSame(expected);
            }
        } else if (expected != null) {
            requireSame(expected);
        }
        TreeMap<String, byte[]> found = content();
        rest();
        volume().close();
        open();
        requireSame(found);
        assertThat(volume().check(Progress.NONE).problems()).isEmpty();
        volume().close();
        return new Outcome(came, found);
    }

    private void again(Call call, HoldfastException first) throws Exception {
        try {
            call.on(this);
        } catch (HoldfastException e) {
            assertThat(e.code()).as("tried again after %s: %s", first, e).isIn(DONE_ALREADY);
        }
    }

    private boolean isFailed() {
        return volume().failure().isPresent();
    }

    private Instant now() {
        return Instant.ofEpochSecond(1_800_000_000);
    }

    Volume volume() {
        Volume now = volume;
        if (now == null) {
            throw new IllegalStateException("not open");
        }
        return now;
    }

    Inodes inodes() throws HoldfastException {
        return volume().inodes();
    }

    /** Returns the number of what a path leads to. */
    long inode(String path) throws HoldfastException {
        return volume().status(path).inode();
    }

    /** Opens the volume on the current device, which may fail I/Os. */
    void open() throws HoldfastException {
        volume = null;
        volume = VolumeOnDevice.open(next(), OpenOptions.readWrite().withMemory(Scenario.MEMORY), environment());
    }

    private VolumeOnDevice.Environment environment() {
        return new VolumeOnDevice.Environment(this::now, random, scheduler, Layout.GROUP_LOG2_MIN);
    }

    /** Closes the volume, for a call that tests opening or closing. */
    void close() throws HoldfastException {
        volume().close();
    }

    /** Closes the volume, overwrites a copy of the superblock, and repairs it. */
    void repair() throws HoldfastException {
        if (volume != null) {
            volume.close();
            volume = null;
        }
        try (BufferPool buffers = new BufferPool(1, 1)) {
            BlockBuffer buffer = buffers.take();
            buffer.copy(0, new byte[BLOCK]);
            SealedBuffer sealed = buffer.seal(1);
            try {
                next().write(new Layout(device.blocks(), Layout.GROUP_LOG2_MIN).superblock(1, 0), sealed);
            } finally {
                sealed.release();
            }
        } catch (OutOfMemoryError e) {
            throw new HoldfastException(ErrorCode.NO_MEMORY, "no memory for the damage", e);
        }
        try (VolumeRepair repair = VolumeOnDevice.repair(
                next(), OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY), environment())) {
            repair.check(Progress.NONE);
            repair.apply(Progress.NONE);
        }
    }

    void undoRepair() throws HoldfastException {
        VolumeOnDevice.undoRepair(next(), environment());
    }

    /** Returns a new device, which fails the I/O that the one before would have failed. */
    private SimDevice next() {
        SimDevice next = newDevice();
        next.failOnce(device.armed());
        device = next;
        return next;
    }

    private void crashAndOpen() throws HoldfastException {
        if (volume != null) {
            try {
                volume.close();
            } catch (HoldfastException e) {
                assertThat(e.code()).isIn(CLEAR);
            }
        }
        disk.crash();
        open();
    }

    /** Runs a call in the thread that passes a point next. */
    void when(Point point, Call what) {
        points.arm(point, 1, () -> {
            try {
                what.on(this);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    // ---- content ----

    private void furnish() throws HoldfastException {
        volume().mkdir("/d", CreateOptions.directory());
        volume().mkdir("/empty", CreateOptions.directory());
        for (String path : List.of("/f", "/raw", "/d/x", "/kept")) {
            CreateOptions options = CreateOptions.file();
            volume().create(path, path.equals("/raw") ? options.withoutChecksum() : options)
                    .close();
            for (int block = 0; block < 20; block++) {
                write(path, block, 'A');
            }
        }
        volume().symlink("/s", "/f");
        volume().setXattr("/f", "user.a", new byte[100]);
        try (StoredFile file = volume().open("/f")) {
            file.allocate(30L * BLOCK, 4L * BLOCK);
        }
        volume().sync();
    }

    /** Returns blocks that are filled with a letter. */
    MemorySegment blocks(int count, char letter) {
        MemorySegment memory = arena.allocate((long) count * BLOCK, BLOCK);
        memory.fill((byte) letter);
        return memory;
    }

    private void write(String path, int block, char letter) throws HoldfastException {
        try (StoredFile file = volume().open(path)) {
            file.write((long) block * BLOCK, blocks(1, letter));
        }
    }

    /** Returns every name with its content, dirty data included. */
    private TreeMap<String, byte[]> content() throws HoldfastException {
        TreeMap<String, byte[]> found = new TreeMap<>();
        collect("", found);
        return found;
    }

    private void collect(String folder, TreeMap<String, byte[]> into) throws HoldfastException {
        for (DirectoryEntry entry : volume().list(folder.isEmpty() ? "/" : folder, "", 100)) {
            String path = folder + "/" + entry.name();
            if (entry.kind() == FileKind.DIRECTORY) {
                into.put(path, new byte[0]);
                collect(path, into);
            } else if (entry.kind() == FileKind.REGULAR) {
                try (StoredFile file = volume().open(path)) {
                    MemorySegment memory = arena.allocate(Math.max(1, file.size()));
                    long n = file.read(0, memory);
                    into.put(path, memory.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
                }
            } else {
                into.put(path, volume().readLink(path).getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private void requireSame(TreeMap<String, byte[]> expected) throws HoldfastException {
        TreeMap<String, byte[]> found = content();
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        found.forEach((path, bytes) ->
                assertThat(Arrays.mismatch(bytes, expected.get(path))).as(path).isEqualTo(-1));
    }

    /**
     * Requires, after a crash, that each name exists as in one of the states and that each sector of a file is as in
     * one of them.
     */
    private void requireSome(List<TreeMap<String, byte[]>> states) throws HoldfastException {
        TreeMap<String, byte[]> found = content();
        assertThat(found.keySet()).isIn(states.stream().map(TreeMap::keySet).toArray());
        found.forEach((path, bytes) -> {
            for (int at = 0; at < bytes.length; at += 512) {
                byte[] sector = Arrays.copyOfRange(bytes, at, Math.min(at + 512, bytes.length));
                int from = at;
                assertThat(states.stream().anyMatch(state -> holds(state.get(path), from, sector)))
                        .as("%s at %d has %d", path, at, sector[0])
                        .isTrue();
            }
        });
    }

    /** Returns whether a state has this sector; bytes behind the end of a shorter state are zero. */
    private static boolean holds(byte @Nullable [] state, int at, byte[] sector) {
        if (state == null) {
            return false;
        }
        return Arrays.equals(
                Arrays.copyOfRange(
                        Arrays.copyOf(state, Math.max(state.length, at + sector.length)), at, at + sector.length),
                sector);
    }

    private void rest() throws HoldfastException {
        volume().sync();
        scheduler.sleep(20_000_000_000L);
        assertThat(VolumeOnDevice.held(volume())).isEqualTo(new VolumeOnDevice.Held(0, 0, 0));
        assertThat(volume().check(Progress.NONE).problems()).isEmpty();
    }
}
