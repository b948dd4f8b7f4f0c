package io.holdfast.check;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.Device;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A small volume of many groups with all kinds of content, as a crash has left it, and what it has: files, directories, links,
 * attributes, deep maps, unwritten ranges, orphans, subtrees that are being freed, and a log.
 */
final class VariedVolume {
    static final int GROUP_LOG2 = 9;
    private static final long BLOCKS = 24L << GROUP_LOG2;
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));
    static final List<String> DIRECTORIES = List.of("/a", "/a/b", "/c", "/last");

    private static final Map<Long, MemorySegment> CONTENTS = new HashMap<>();

    /** The image of the volume while it was open. */
    final MemoryDevice crashed;

    final Model model = new Model();
    final Map<String, Long> directoryInodes = new HashMap<>();

    /** What a volume has. */
    static final class Model {
        /** For each file its blocks, each with the seed of its content. */
        final TreeMap<String, TreeMap<Long, Integer>> files = new TreeMap<>();

        final Map<String, byte[]> attributes = new HashMap<>();
        final Map<String, String> links = new HashMap<>();

        Model copy() {
            Model copy = new Model();
            files.forEach((path, blocks) -> copy.files.put(path, new TreeMap<>(blocks)));
            copy.attributes.putAll(attributes);
            copy.links.putAll(links);
            return copy;
        }
    }

    VariedVolume() throws Exception {
        MemoryDevice device = new MemoryDevice("varied", BLOCKS);
        VolumeOnDevice.format(device, ChecksumAlgorithm.XXH3_64, "varied", environment());
        try (Volume volume = open(device, OpenOptions.readWrite())) {
            directory(volume, "/a");
            directory(volume, "/a/b");
            directory(volume, "/c");
            for (int i = 0; i < 150; i++) {
                file(volume, DIRECTORIES.get(i % 3) + "/file" + i, i % 20 == 0 ? 40 : i % 3);
            }
            file(volume, "/a/long", 300);
            file(volume, "/a/removed", 300);
            file(volume, "/top", 3);
            write(volume, "/a/deep", 1L << 20, 1);
            write(volume, "/a/deep", 1L << 26, 1);
            volume.create("/a/promised", CreateOptions.file()).close();
            model.files.put("/a/promised", new TreeMap<>());
            try (StoredFile file = volume.open("/a/promised")) {
                file.truncate(200L * Block.SIZE);
                file.allocate(0, 200L * Block.SIZE);
                file.flush();
            }
            write(volume, "/a/promised", 50, 2);
            for (int i = 0; i < 20; i++) {
                volume.symlink("/c/link" + i, "/a/" + "t".repeat(100 * i + 1));
                model.links.put("/c/link" + i, "/a/" + "t".repeat(100 * i + 1));
                attribute(volume, "/a/file" + 3 * i, 700 + i);
            }
            // Its number is behind those of all files, so it is in another leaf than the root directory.
            directory(volume, "/last");
        }
        MemoryDevice running = device.copy();
        try (Volume volume = open(running, OpenOptions.readWrite());
                StoredFile unnamed = volume.createUnnamed(CreateOptions.file());
                StoredFile open = volume.open("/top")) {
            unnamed.write(0, content(1, 1));
            unnamed.flush();
            volume.remove("/top");
            model.files.remove("/top");
            volume.remove("/a/removed");
            model.files.remove("/a/removed");
            volume.checkpoint();
            for (int i = 0; i < 60; i++) {
                String path = DIRECTORIES.get(i % 3) + "/file" + i;
                if (i % 7 == 0) {
                    volume.remove(path);
                    model.files.remove(path);
                    model.attributes.remove(path);
                } else {
                    write(volume, path, i % 4, 1);
                }
            }
            write(volume, "/a/long", 120, 100);
            file(volume, "/c/late", 5);
            open.write(0, content(2, 2));
            volume.sync();
            // A record counts as durable when a later one says so; the last two say nothing else.
            for (int i = 0; i < 2; i++) {
                write(volume, "/c/late", 9 + i, 1);
                volume.sync();
            }
            model.files.get("/c/late").remove(10L);
            crashed = running.copy();
        }
    }

    static VolumeOnDevice.Environment environment() {
        return new VolumeOnDevice.Environment(CLOCK, new Random(1), Timing.SYSTEM, GROUP_LOG2);
    }

    static Volume open(Device device, OpenOptions options) throws HoldfastException {
        return VolumeOnDevice.open(device, options.withMemory(OpenOptions.MIN_MEMORY), environment());
    }

    static MemorySegment content(int seed, long block) {
        return CONTENTS.computeIfAbsent(seed * 31L + block, of -> {
            byte[] bytes = new byte[Block.SIZE];
            new Random(of).nextBytes(bytes);
            return MemorySegment.ofArray(bytes);
        });
    }

    private static final Pattern RANGE = Pattern.compile("offset (\\d+), length (\\d+)");

    private void directory(Volume volume, String path) throws HoldfastException {
        volume.mkdir(path, CreateOptions.directory());
        directoryInodes.put(path, volume.status(path).inode());
    }

    private void file(Volume volume, String path, int blocks) throws HoldfastException {
        CreateOptions options = CreateOptions.file();
        volume.create(path, options).close();
        model.files.put(path, new TreeMap<>());
        write(volume, path, 0, blocks);
    }

    private void write(Volume volume, String path, long first, int blocks) throws HoldfastException {
        write(volume, model, path, first, blocks);
    }

    /** Writes blocks of a file, which is created if it is not there. */
    static void write(Volume volume, Model model, String path, long first, int blocks) throws HoldfastException {
        if (!model.files.containsKey(path)) {
            volume.create(path, CreateOptions.file()).close();
            model.files.put(path, new TreeMap<>());
        }
        TreeMap<Long, Integer> file = Objects.requireNonNull(model.files.get(path));
        int seed = path.hashCode() + file.size();
        try (StoredFile open = volume.open(path)) {
            for (long block = first; block < first + blocks; block++) {
                open.write(block * Block.SIZE, content(seed, block));
                file.put(block, seed);
            }
            open.flush();
        }
    }

    private void attribute(Volume volume, String path, int bytes) throws HoldfastException {
        byte[] value = new byte[bytes];
        new Random(bytes).nextBytes(value);
        volume.setXattr(path, "user.some", value);
        model.attributes.put(path, value);
    }

    /** What was found in a volume: errors, and what is wrong without one. */
    static final class Verdict {
        int errors;
        final List<String> wrong = new ArrayList<>();

        private interface Look {
            void run() throws HoldfastException;
        }

        private void look(String what, Look look) {
            try {
                look.run();
            } catch (HoldfastException e) {
                errors++;
                switch (e.code()) {
                    case DAMAGED, DEVICE_ERROR, CHECKSUM_MISMATCH -> {}
                    default -> wrong.add(what + ": " + e);
                }
            }
        }

        private void expect(boolean right, String what) {
            if (!right) {
                wrong.add(what);
            }
        }
    }

    /** Reads everything and compares it. */
    static Verdict compare(Volume volume, Model model) {
        Verdict verdict = new Verdict();
        for (String directory : DIRECTORIES) {
            verdict.look(directory, () -> {
                TreeSet<String> names = new TreeSet<>();
                List<DirectoryEntry> page = volume.list(directory, "", 100);
                while (!page.isEmpty()) {
                    page.forEach(entry -> names.add(entry.name()));
                    page = volume.list(directory, page.getLast().name(), 100);
                }
                TreeSet<String> expected = new TreeSet<>();
                for (String path : List.of("/a/b", "/c/late")) {
                    addName(directory, path, expected);
                }
                model.files.keySet().forEach(path -> addName(directory, path, expected));
                model.links.keySet().forEach(path -> addName(directory, path, expected));
                verdict.expect(names.equals(expected), directory + " has other names");
            });
        }
        model.files.forEach((path, blocks) -> compare(volume, path, blocks, verdict));
        model.links.forEach((path, target) -> verdict.look(
                path, () -> verdict.expect(volume.readLink(path).equals(target), path + " leads elsewhere")));
        model.attributes.forEach((path, value) -> verdict.look(
                path,
                () -> verdict.expect(
                        Arrays.equals(volume.getXattr(path, "user.some"), value), path + " has another value")));
        return verdict;
    }

    private static void addName(String directory, String path, TreeSet<String> names) {
        int slash = path.lastIndexOf('/');
        if (path.substring(0, slash).equals(directory)) {
            names.add(path.substring(slash + 1));
        }
    }

    private static void compare(Volume volume, String path, TreeMap<Long, Integer> blocks, Verdict verdict) {
        verdict.look(path, () -> {
            try (StoredFile file = volume.open(path)) {
                if (!blocks.isEmpty()) {
                    verdict.expect(
                            file.size() >= (blocks.lastKey() + 1) * Block.SIZE, path + " has size " + file.size());
                }
                MemorySegment into = MemorySegment.ofArray(new byte[Block.SIZE]);
                blocks.forEach((block, seed) -> verdict.look(path, () -> {
                    readOrSayWhere(file, path, block * Block.SIZE, into, verdict);
                    verdict.expect(
                            into.mismatch(content(seed, block)) == -1,
                            "%s has something else in block %d".formatted(path, block));
                }));
            }
        });
    }

    /** Reads a block. An error must name the file and the place in it. */
    private static void readOrSayWhere(StoredFile file, String path, long offset, MemorySegment into, Verdict verdict)
            throws HoldfastException {
        try {
            file.read(offset, into);
        } catch (HoldfastException e) {
            verdict.expect(
                    namesPlace(String.valueOf(e.getMessage()), path, offset),
                    "%s: offset %d is not named: %s".formatted(path, offset, e));
            throw e;
        }
    }

    /** Returns whether a message names a file and a range of it with an offset. */
    static boolean namesPlace(String message, String path, long offset) {
        Matcher range = RANGE.matcher(message);
        if (!message.contains(path) || !range.find()) {
            return false;
        }
        long first = Long.parseLong(range.group(1));
        return first <= offset && offset < first + Long.parseLong(range.group(2));
    }

    /** Returns whether an error is of something that cannot be read. */
    static boolean isUnreadable(HoldfastException e) {
        return e.code() == ErrorCode.DAMAGED
                || e.code() == ErrorCode.DEVICE_ERROR
                || e.code() == ErrorCode.CHECKSUM_MISMATCH;
    }
}
