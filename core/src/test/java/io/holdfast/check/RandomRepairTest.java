package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.HIGH_WATER;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static io.holdfast.namespace.NamespaceKeys.ORPHAN;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.mapping.MapItems;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.RepairPlan;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random damage of what a repair can mend, several at a time: afterwards the check is clean, what could be read before is as it was, and the volume can
 * be written to. {@code -Dholdfast.repair.seed=N} begins with another seed, {@code -Dholdfast.repair.runs=N} makes more runs.
 */
class RandomRepairTest extends PlantedDamage {
    private static final long SEED = Long.getLong("holdfast.repair.seed", 1);
    private static final int RUNS = Integer.getInteger("holdfast.repair.runs", 40);
    private static final int DAMAGES_MAX = 6;
    private static final int BLOCK = 4096;

    private Random random = new Random();
    private final List<String> done = new ArrayList<>();

    /** Plants one damage. */
    private interface Damage {
        void plant() throws Exception;
    }

    private Map<String, Damage> kinds() {
        Map<String, Damage> kinds = new HashMap<>();
        kinds.put("leak", () -> planter.flipSpaceBit(planter.freeBlock() - random.nextInt(1000)));
        kinds.put("unmarked data", () -> planter.flipSpaceBit(planter.data(volume.data, random.nextInt(300))));
        kinds.put(
                "unmarked node",
                () -> planter.flipSpaceBit(planter.mapNode(volume.data, random.nextInt(300), 1 + random.nextInt(2))));
        kinds.put("unmarked tree", () -> planter.flipSpaceBit(planter.treeNode(key(anInode(), INODE), 0)));
        kinds.put("bitmap", () -> flip(planter.bitmap(0)));
        kinds.put("group table", () -> flipBoth(planter.descriptors(0)));
        kinds.put("copy of the group table", () -> flip(planter.descriptors(0) + 2 * random.nextInt(2)));
        kinds.put(
                "counts",
                () -> planter.superblock(bytes -> {
                    int at = random.nextBoolean() ? 256 : 264;
                    LittleEndian.putLong(bytes, at, random.nextInt((int) PlantedVolume.BLOCKS));
                }));
        kinds.put(
                "map counts",
                () -> planter.value(
                        MapItems.mapKey(volume.data),
                        v -> LittleEndian.putLong(v, random.nextBoolean() ? 16 : 24, random.nextInt(500))));
        kinds.put("copy", () -> {
            // The first copy keeps the newest one.
            int copy = 1 + random.nextInt(planter.layout().superblockCopies() - 1);
            flip(planter.layout().superblock(copy, random.nextInt(Layout.SUPERBLOCK_SLOTS)));
        });
        kinds.put("no name", () -> planter.remove(key(ROOT, ENTRY, random.nextBoolean() ? "data" : "dir")));
        kinds.put("no name in /dir", () -> planter.remove(key(volume.directory, ENTRY, "file" + random.nextInt(120))));
        kinds.put("no record", () -> planter.remove(key(anInode(), INODE)));
        kinds.put(
                "links",
                () -> planter.value(key(anInode(), INODE), v -> LittleEndian.putInt(v, 16, random.nextInt(9))));
        kinds.put(
                "orphan",
                () -> planter.item(
                        key(
                                VOLUME,
                                ORPHAN,
                                ByteBuffer.allocate(8).putLong(volume.data).array()),
                        new byte[] {1}));
        kinds.put("kind", () -> planter.value(key(ROOT, ENTRY, "data"), v -> v[8] = (byte) (1 + random.nextInt(3))));
        kinds.put(
                "parent",
                () -> planter.value(
                        key(volume.subdirectory, INODE), v -> LittleEndian.putLong(v, 32, 1 + random.nextInt(20))));
        kinds.put(
                "mark",
                () -> planter.value(key(VOLUME, HIGH_WATER), v -> LittleEndian.putLong(v, 0, 2 + random.nextInt(9))));
        return kinds;
    }

    private long anInode() {
        long[] inodes = {
            volume.data,
            volume.raw,
            volume.canary,
            volume.link,
            volume.directory,
            volume.subdirectory,
            volume.middle,
            volume.attributed,
            ROOT
        };
        return inodes[random.nextInt(inodes.length)];
    }

    @Test
    void mendsAndLosesNothing() throws Exception {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            random = new Random(seed);
            use((random.nextInt(3) == 0 ? volume.crashed : volume.closed).copy());
            done.clear();
            MemoryDevice image = damaged();
            try {
                run(image);
            } catch (Throwable e) {
                throw new AssertionError("-Dholdfast.repair.seed=%d: %s: %s".formatted(seed, done, e), e);
            }
        }
    }

    private MemoryDevice damaged() {
        List<Map.Entry<String, Damage>> kinds = new ArrayList<>(kinds().entrySet());
        kinds.sort(Map.Entry.comparingByKey());
        for (int i = 1 + random.nextInt(DAMAGES_MAX); i > 0; i--) {
            Map.Entry<String, Damage> kind = kinds.get(random.nextInt(kinds.size()));
            MemoryDevice before = device.copy();
            try {
                kind.getValue().plant();
                done.add(kind.getKey());
            } catch (Exception | AssertionError noPlace) {
                // An earlier damage has taken away what this one needs.
                use(before);
            }
        }
        return device;
    }

    private void run(MemoryDevice image) throws Exception {
        Map<String, Integer> before = Repairs.content(image);
        CheckReport damage = PlantedVolume.check(image);
        RepairPlan plan = Repairs.repair(image.copy());
        assertThat(plan.left()).as("what is left").isEmpty();
        assertThat(plan.mended()).isEqualTo(damage.problemCount());
        MemoryDevice repaired = image.copy();
        Repairs.repair(repaired);
        use(repaired.copy());
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).containsAllEntriesOf(before);
        // Once more changes nothing.
        assertThat(Repairs.plan(device).isPossible()).isFalse();
        if (plan.isPossible()) {
            MemoryDevice undone = device.copy();
            Repairs.undo(undone);
            assertThat(Repairs.content(undone.copy())).isEqualTo(before);
        }
        write();
        Repairs.assertClean(device);
        assertThat(Repairs.content(device)).containsAllEntriesOf(before);
    }

    private void write() throws Exception {
        MemorySegment block = MemorySegment.ofArray(new byte[BLOCK]).fill((byte) 7);
        MemoryDevice after = device.copy();
        try (Volume open = PlantedVolume.openReadWrite(after);
                StoredFile file = open.create("/after", CreateOptions.file())) {
            for (int i = 0; i < 100; i++) {
                file.write((long) i * BLOCK, block);
            }
            file.flush();
        }
        use(after.copy());
    }
}
