package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumePatches.Kind;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.fuzz.FuzzInput;
import io.holdfast.fuzz.FuzzOutput;
import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A damaged volume: a small one with one of everything is patched, see {@link VolumePatches}; then it is opened, all of
 * it is read, checked, and, if it could be opened for writing, written to. Nothing but a HoldfastException may come out,
 * also from the threads of the engine. A volume that the check finds clean can be read, written to, and is clean
 * afterwards; of one that was not closed, that is what the check says when it is open for writing, since read-only it does
 * not look at the items in the log.
 *
 * <p>The first byte of the input: bit 0, the volume was not closed; bit 1, it is opened read-only.
 */
public final class VolumeFuzz implements FuzzTarget {
    private static final int CRASHED = 1;
    private static final int READ_ONLY = 2;

    /** Held so that its level stays: failures of the device are nothing to tell about here. */
    private static final Logger QUIET = Logger.getLogger("holdfast");

    private final PlantedVolume volume;
    private final VolumePatches patches;

    public VolumeFuzz() throws Exception {
        QUIET.setLevel(Level.OFF);
        volume = new PlantedVolume();
        patches = new VolumePatches(volume);
    }

    @Override
    public void run(byte[] input) throws Exception {
        FuzzInput in = new FuzzInput(input);
        int mode = in.u8();
        MemoryDevice device = ((mode & CRASHED) != 0 ? volume.crashed : volume.closed).copy();
        patches.apply(in, device);
        boolean closed = (mode & CRASHED) == 0;
        boolean clean = false;
        try (Volume opened = PlantedVolume.openReadOnly(device.copy())) {
            List<HoldfastException> damage = new ArrayList<>();
            new VolumeUse(opened, damage).read();
            CheckReport report = opened.check(Progress.NONE);
            clean = closed && report.clean() && opened.recovery().problems().isEmpty();
            if (clean) {
                assertThat(damage).as("damage of a clean volume").isEmpty();
            }
        } catch (HoldfastException e) {
            // Refused.
        }
        if ((mode & READ_ONLY) == 0) {
            write(device, clean);
        }
    }

    /** @param sound the volume must be found clean */
    private static void write(MemoryDevice image, boolean sound) throws Exception {
        try (Volume opened = PlantedVolume.openReadWrite(image)) {
            List<HoldfastException> damage = new ArrayList<>();
            boolean clean = opened.check(Progress.NONE).clean();
            VolumeUse use = new VolumeUse(opened, damage);
            use.read();
            use.write();
            opened.failure().ifPresent(VolumeFuzz::requireKnownCause);
            if (clean) {
                assertThat(damage).as("damage of a clean volume").isEmpty();
                assertThat(opened.check(Progress.NONE).problems()).isEmpty();
            }
            assertThat(clean || !sound).as("clean when read-only").isTrue();
        } catch (HoldfastException e) {
            requireKnownCause(e);
            if (sound) {
                throw new AssertionError("a clean volume is refused", e);
            }
        }
    }

    /** A failure that began with anything but an error of the engine is a bug that some thread of it has met. */
    private static void requireKnownCause(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (!(cause instanceof HoldfastException)) {
                throw new AssertionError("a thread of the engine met a bug", failure);
            }
        }
    }

    @Override
    public long allocationMax() {
        return 256L << 20;
    }

    @Override
    public int shortRunInputs() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (int mode = 0; mode < 4; mode++) {
            seeds.add(new byte[] {(byte) mode});
            for (Kind kind : Kind.values()) {
                if (kind != Kind.ITEM_PUT) {
                    FuzzOutput out = new FuzzOutput().u8(mode, kind.ordinal());
                    seeds.add(out.u16(3)
                            .u16(kind.ordinal() * 8 + 120)
                            .u8(7)
                            .u64(1)
                            .done());
                }
            }
        }
        // Log records: sequence, durable through, bytes of entries, the first entry.
        for (int at : new int[] {16, 24, 48, 56, 88, 96, 100, 116}) {
            seeds.add(patch(1, Kind.LOG_HEADER, 0, at, 1000));
        }
        // Superblock: blocks, generation, tree, space map, log, counts, state.
        for (int at : new int[] {112, 120, 144, 160, 192, 200, 224, 240, 256, 264, 272}) {
            seeds.add(patch(0, Kind.SUPERBLOCK, 0, at, 5000));
        }
        // One of each type of item, changed and taken away.
        int lastType = -1;
        for (int i = 0; i < patches.keys().size(); i++) {
            int type = patches.keys().get(i)[8];
            if (type != lastType && seeds.size() < 120) {
                seeds.add(patch(0, Kind.ITEM_VALUE, i, 0, 3));
                seeds.add(patch(0, Kind.ITEM_REMOVAL, i, 0, 0));
            }
            lastType = type;
        }
        FuzzOutput orphan =
                new FuzzOutput().u8(0, Kind.ITEM_PUT.ordinal()).u16(6).u16(0);
        seeds.add(orphan.u8(8, 0, 0, 0, 0, 0, 0, 0, 9).u16(1).u8(1).done());
        FuzzOutput dead = new FuzzOutput().u8(0, Kind.ITEM_PUT.ordinal()).u16(8).u16(0);
        dead.u8(8, 0, 0, 0, 0, 0, 0, 10, 0).u16(17);
        seeds.add(dead.bytes(new byte[16]).u8(1).done());
        return seeds;
    }

    private static byte[] patch(int mode, Kind kind, int which, int at, long value) {
        return new FuzzOutput()
                .u8(mode, kind.ordinal())
                .u16(which)
                .u16(at)
                .u8(7)
                .u64(value)
                .done();
    }
}
