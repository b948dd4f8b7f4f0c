package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.checksum.Checksums;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.device.UnreadableBlocks;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.Superblock;
import io.holdfast.format.TreeRoot;
import io.holdfast.log.LogReader;
import io.holdfast.store.BlockStore;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One random block of a volume is damaged, again and again, whatever is in it. Each time the damage is found or harmless, nothing
 * that is read is wrong, and the volume can be written to afterwards.
 *
 * <p>{@code -Dholdfast.damages=2000} makes more of them, {@code -Dholdfast.seed=} others.
 */
@Timeout(600)
class RandomDamageTest {
    private static final int DAMAGES = Integer.getInteger("holdfast.damages", 300);
    private static final long SEED = Long.getLong("holdfast.seed", 1);

    /** Blocks of each kind whose reading fails. */
    private static final int READS_EACH = 2;

    private final TreeMap<String, Figures> figures = new TreeMap<>();
    private final List<String> faults = new ArrayList<>();

    /** What became of the damages in one kind of structure. */
    private static final class Figures {
        int found;
        int harmless;
        int silent;
        int unwritable;

        @Override
        public String toString() {
            return "%d found, %d harmless, %d silent, %d unwritable".formatted(found, harmless, silent, unwritable);
        }
    }

    @Test
    void everyDamageIsFoundOrHarmlessAndTheVolumeCanBeWrittenTo() throws Exception {
        VariedVolume volume = new VariedVolume();
        try (Volume whole = VariedVolume.open(volume.crashed.copy(), OpenOptions.reading())) {
            assertThat(whole.check(Progress.NONE).problems()).isEmpty();
            assertThat(VariedVolume.compare(whole, volume.model).wrong).isEmpty();
        }
        Map<String, List<Long>> kinds = kinds(volume.crashed);
        List<String> names = List.copyOf(kinds.keySet());
        for (int i = 0; i < DAMAGES; i++) {
            Random random = new Random(SEED * 1_000_003 + i);
            String kind = names.get(i % names.size());
            List<Long> blocks = kinds.get(kind);
            long block = blocks.get(random.nextInt(blocks.size()));
            MemoryDevice image = volume.crashed.copy();
            String how = damage(image, block, random);
            String what = "damage %d (-Dholdfast.seed=%d): block %d (%s) %s".formatted(i, SEED, block, kind, how);
            run(volume, image, kind, what, device -> device);
        }
        System.out.println("figures of " + DAMAGES + " damages: " + figures);
        assertThat(faults).as("figures: %s", figures).isEmpty();
    }

    private static Map<String, List<Long>> kinds(MemoryDevice image) throws HoldfastException {
        Layout layout = new Layout(image.blocks(), VariedVolume.GROUP_LOG2);
        List<Long> tree = TreeBlocks.of(image);
        Set<Long> log = log(image, layout);
        TreeRoot root = new Planter(image).superblock().treeRoot();
        Map<String, List<Long>> kinds = new TreeMap<>();
        for (long block : image.storedBlockNumbers()) {
            byte[] bytes = image.block(block);
            String magic = new String(bytes, 0, 8, java.nio.charset.StandardCharsets.ISO_8859_1);
            String kind;
            if (magic.equals("HOLDFAST")) {
                kind = "superblock";
            } else if (layout.isFixed(block)) {
                kind = "space map";
            } else if (block == root.node().block() || block == root.copy()) {
                kind = "root of the tree";
            } else if (tree.contains(block)) {
                kind = "tree node";
            } else if (log.contains(block)) {
                kind = "log record";
            } else {
                kind = isMapNode(bytes) ? "map node" : "data";
            }
            kinds.computeIfAbsent(kind, _ -> new ArrayList<>()).add(block);
        }
        return kinds;
    }

    /** Returns the log's own blocks: headers and payloads, and the twins of both. */
    private static Set<Long> log(MemoryDevice image, Layout layout) throws HoldfastException {
        Superblock superblock = new Planter(image).superblock();
        Set<Long> own = new HashSet<>();
        try (BufferPool buffers = new BufferPool(2, 64)) {
            new LogReader(
                            new BlockStore(image),
                            superblock.mark(),
                            Checksums.byId(superblock.checksumId()),
                            layout,
                            buffers)
                    .scan(superblock.log(), (record, _) -> {
                        for (long block : record.ownBlocks()) {
                            own.add(block);
                        }
                    });
        }
        return own;
    }

    private static boolean isMapNode(byte[] bytes) {
        for (int at = 0; at < bytes.length; at += 16) {
            if (LittleEndian.getLong(bytes, at) >>> 48 != 0) {
                return false;
            }
        }
        return true;
    }

    /** Damages a block; returns how. */
    private static String damage(MemoryDevice image, long block, Random random) {
        byte[] bytes = image.block(block);
        switch (random.nextInt(4)) {
            case 0 -> {
                int bit = random.nextInt(Block.SIZE * 8);
                image.flipBit(block, bit);
                return "has bit " + bit + " flipped";
            }
            case 1 -> {
                image.setBlock(block, new byte[Block.SIZE]);
                return "is zero";
            }
            case 2 -> {
                random.nextBytes(bytes);
                image.setBlock(block, bytes);
                return "is noise";
            }
            default -> {
                List<Long> stored = image.storedBlockNumbers();
                long other = stored.get(random.nextInt(stored.size()));
                image.setBlock(block, image.block(other));
                return "is a copy of block " + other;
            }
        }
    }

    /** Each kind of structure has a block whose reading fails once: then nobody notices. Or each time: as if it were damaged. */
    @ParameterizedTest
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void readsOfAnyStructureFail(int times) throws Exception {
        VariedVolume volume = new VariedVolume();
        Random random = new Random(SEED);
        kinds(volume.crashed).forEach((kind, blocks) -> {
            for (int i = 0; i < READS_EACH; i++) {
                long block = blocks.get(random.nextInt(blocks.size()));
                String what = "reading block %d (%s) fails, times: %d".formatted(block, kind, times);
                run(
                        volume,
                        volume.crashed.copy(),
                        kind,
                        what,
                        device -> new UnreadableBlocks(device).fail(block, times));
            }
        });
        assertThat(faults).as("figures: %s", figures).isEmpty();
        if (times == 1) {
            figures.forEach((kind, figure) -> assertThat(figure.found).as(kind).isZero());
        }
    }

    private void run(VariedVolume volume, MemoryDevice image, String kind, String what, UnaryOperator<Device> between) {
        Figures figure = figures.computeIfAbsent(kind, _ -> new Figures());
        boolean found = false;
        try (Volume readOnly = VariedVolume.open(between.apply(image.copy()), OpenOptions.reading())) {
            CheckReport report = readOnly.check(Progress.NONE);
            found = !report.clean() || !readOnly.damage().isEmpty();
            if (!found) {
                VariedVolume.Verdict verdict = VariedVolume.compare(readOnly, volume.model);
                found = verdict.errors > 0;
                silent(figure, what + ", read-only", verdict);
            }
        } catch (HoldfastException e) {
            found = true;
        }
        try {
            found |= use(volume, image, figure, what, between);
        } catch (HoldfastException e) {
            found = true;
            unwritable(figure, what + ": " + e);
        }
        if (found) {
            figure.found++;
        } else {
            figure.harmless++;
        }
    }

    /** Writes, closes, opens again and reads; returns whether the damage was found. */
    private boolean use(
            VariedVolume volume, MemoryDevice image, Figures figure, String what, UnaryOperator<Device> between)
            throws HoldfastException {
        VariedVolume.Model model = volume.model.copy();
        boolean found;
        try (Volume open = VariedVolume.open(between.apply(image), OpenOptions.readWrite())) {
            VariedVolume.Verdict verdict = VariedVolume.compare(open, model);
            found = verdict.errors > 0 || !open.damage().isEmpty();
            silent(figure, what, verdict);
            String unwritable = use(volume, open, model);
            if (unwritable != null) {
                unwritable(figure, what + ": " + unwritable);
            }
        }
        try (Volume again = VariedVolume.open(between.apply(image.copy()), OpenOptions.readWrite())) {
            silent(figure, what + ", opened again", VariedVolume.compare(again, model));
            again.checkpoint();
        }
        return found;
    }

    private void silent(Figures figure, String what, VariedVolume.Verdict verdict) {
        if (!verdict.wrong.isEmpty()) {
            figure.silent++;
            faults.add("silent: " + what + ": " + verdict.wrong.subList(0, Math.min(3, verdict.wrong.size())));
        }
    }

    private void unwritable(Figures figure, String what) {
        figure.unwritable++;
        faults.add("unwritable: " + what);
    }

    /** Changes what can be changed; returns why nothing could be created or written, null if all is well. */
    private static String use(VariedVolume volume, Volume open, VariedVolume.Model model) throws HoldfastException {
        String created = create(volume, open, model);
        int written = 0;
        for (String path : List.copyOf(model.files.keySet())) {
            if (path.hashCode() % 9 != 0) {
                continue;
            }
            try {
                VariedVolume.write(open, model, path, path.hashCode() & 3, 1);
                written++;
            } catch (HoldfastException e) {
                if (!VariedVolume.isUnreadable(e)) {
                    throw e;
                }
            }
        }
        for (int i = 60; i < 70; i++) {
            String path = VariedVolume.DIRECTORIES.get(i % 3) + "/file" + i;
            try {
                open.remove(path);
                model.files.remove(path);
                model.attributes.remove(path);
            } catch (HoldfastException e) {
                if (!VariedVolume.isUnreadable(e)) {
                    throw e;
                }
            }
        }
        open.checkpoint();
        if (open.failure().isPresent()) {
            return "it has failed: " + open.failure().get();
        }
        return created != null && written == 0 ? created : null;
    }

    private static String create(VariedVolume volume, Volume open, VariedVolume.Model model) {
        String why = null;
        for (String directory : VariedVolume.DIRECTORIES) {
            String path = directory + "/created";
            try (StoredFile file =
                    open.inodes().create(volume.directoryInodes.get(directory), "created", CreateOptions.file())) {
                model.files.put(path, new TreeMap<>());
                MemorySegment content = VariedVolume.content(77, 0);
                file.write(0, content);
                file.flush();
                model.files.get(path).put(0L, 77);
                return null;
            } catch (HoldfastException e) {
                why = "nothing could be created: " + e;
            }
        }
        return why;
    }
}
