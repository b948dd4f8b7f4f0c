package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on a few small files, and what a crash may leave of them.
 *
 * <p>Invariant, under the lock: what an operation may leave is known before it begins, and what it makes impossible is
 * forgotten only after it has returned. So at any moment the recovered volume must be one that is known.
 */
final class CrashWorkload {
    private static final int BLOCKS = 12;
    private static final int BYTES = BLOCKS * Block.SIZE;

    /** A file: what it holds now and what a crash may make of it. */
    private static final class Known {
        final boolean checksummed;
        final byte[] content = new byte[BYTES];
        int size;
        final Set<Integer> sizes = new HashSet<>(Set.of(0));
        final List<List<byte[]>> versions = new ArrayList<>();

        Known(boolean checksummed) {
            this.checksummed = checksummed;
            for (int b = 0; b < BLOCKS; b++) {
                versions.add(new ArrayList<>());
            }
            onlyThis();
        }

        /** Everything is durable: a crash leaves what is there now. */
        void onlyThis() {
            sizes.clear();
            sizes.add(size);
            for (int b = 0; b < BLOCKS; b++) {
                versions.get(b).clear();
                versions.get(b).add(block(b));
            }
        }

        byte[] block(int b) {
            return Arrays.copyOfRange(content, b * 4096, (b + 1) * 4096);
        }

        /** A range was changed. */
        void changed(int at, int end, int newSize) {
            size = newSize;
            sizes.add(size);
            for (int b = at / 4096; b * 4096 < end; b++) {
                versions.get(b).add(block(b));
            }
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Random random;
    private final Map<Long, Known> byInode = new HashMap<>();
    private final MemorySegment memory = Arena.ofShared().allocate(BYTES, 4096);
    /** The namespaces a crash may leave, the newest last; the value is the inode, 0 for one not known yet. */
    private final LinkedHashSet<Map<String, Long>> namespaces = new LinkedHashSet<>();

    private Map<String, Long> names = new TreeMap<>();
    private @Nullable StoredVolume volume;
    private final Map<Long, StoredFile> open = new HashMap<>();
    volatile String last = "";

    CrashWorkload(long seed) {
        random = new Random(seed);
        namespaces.add(Map.of());
    }

    <T> T locked(Callable<T> call) throws Exception {
        lock.lock();
        try {
            return call.call();
        } finally {
            lock.unlock();
        }
    }

    private interface Step {
        void run() throws HoldfastException;
    }

    /** Does what has no result to be noted under the lock: only the model's own changes are. */
    private void noted(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    // ---- workload ----

    /** Takes over a volume that was just recovered: what it holds now is durable. */
    void begin(StoredVolume recovered) throws Exception {
        locked(() -> {
            verify(recovered);
            volume = recovered;
            names = new TreeMap<>();
            for (DirectoryEntry entry : recovered.list("/", "", 100)) {
                names.put("/" + entry.name(), entry.inode());
            }
            namespaces.clear();
            namespaces.add(new TreeMap<>(names));
            for (String name : names.keySet()) {
                try (StoredFile file = recovered.open(name)) {
                    Known known = byInode.computeIfAbsent(file.inode(), k -> new Known(file.checksummed()));
                    known.size = (int) file.size();
                    Arrays.fill(known.content, (byte) 0);
                    byte[] read = read(file);
                    System.arraycopy(read, 0, known.content, 0, read.length);
                    known.onlyThis();
                }
            }
            return recovered;
        });
    }

    void end() {
        open.values().forEach(StoredFile::close);
        open.clear();
    }

    void step() throws HoldfastException {
        StoredVolume v = volume();
        if (names.isEmpty() || random.nextInt(8) == 0) {
            namespaceStep(v);
            return;
        }
        String name = any();
        long inode = names.get(name);
        StoredFile file = open.get(inode);
        if (file == null) {
            file = v.open(name);
            open.put(inode, file);
        }
        fileStep(v, file, byInode.get(inode));
    }

    private StoredVolume volume() {
        StoredVolume v = volume;
        if (v == null) {
            throw new IllegalStateException("not begun");
        }
        return v;
    }

    private String any() {
        List<String> all = List.copyOf(names.keySet());
        return all.get(random.nextInt(all.size()));
    }

    private void namespaceStep(StoredVolume v) throws HoldfastException {
        String target = "/n" + random.nextInt(5);
        switch (names.isEmpty() ? 0 : random.nextInt(4)) {
            case 0, 1 -> {
                if (!names.containsKey(target)) {
                    create(v, target);
                }
            }
            case 2 -> {
                String from = any();
                last = "rename " + from + " " + target;
                Map<String, Long> next = new TreeMap<>(names);
                next.put(target, next.get(from));
                if (!from.equals(target) && !names.get(from).equals(names.get(target))) {
                    next.remove(from);
                }
                namespaceChange(next, () -> v.rename(from, target));
            }
            default -> {
                String gone = any();
                last = "remove " + gone;
                Map<String, Long> next = new TreeMap<>(names);
                next.remove(gone);
                namespaceChange(next, () -> v.remove(gone));
            }
        }
    }

    private void create(StoredVolume v, String name) throws HoldfastException {
        boolean checksummed = random.nextInt(3) > 0;
        last = "create " + name;
        Map<String, Long> next = new TreeMap<>(names);
        next.put(name, 0L);
        noted(() -> namespaces.add(new TreeMap<>(next)));
        StoredFile file = v.create(
                name, checksummed ? CreateOptions.file() : CreateOptions.file().withoutChecksum());
        noted(() -> {
            byInode.put(file.inode(), new Known(checksummed));
            namespaces.remove(next);
            next.put(name, file.inode());
            namespaces.add(new TreeMap<>(next));
            names = next;
        });
        open.put(file.inode(), file);
    }

    private void namespaceChange(Map<String, Long> next, Step step) throws HoldfastException {
        noted(() -> {
            // The newest one must be the last.
            namespaces.remove(next);
            namespaces.add(new TreeMap<>(next));
        });
        step.run();
        names = next;
        for (Long inode : List.copyOf(open.keySet())) {
            if (!names.containsValue(inode) && random.nextBoolean()) {
                open.remove(inode).close();
            }
        }
    }

    private void fileStep(StoredVolume v, StoredFile file, Known known) throws HoldfastException {
        int at = random.nextInt(BYTES);
        if (random.nextInt(3) > 0) {
            at &= ~4095;
        }
        int length = Math.min(BYTES - at, 1 + random.nextInt(5 * 4096));
        if (random.nextInt(3) > 0) {
            length = Math.min(BYTES - at, (length + 4095) & ~4095);
        }
        int from = at;
        int count = length;
        switch (random.nextInt(14)) {
            case 0 -> {
                last = "punch %d %d".formatted(at, length);
                noted(() -> zeroed(known, from, Math.min(from + count, known.size), known.size));
                file.punch(at, length);
            }
            case 1 -> {
                last = "zero %d %d".formatted(at, length);
                noted(() -> zeroed(known, from, Math.min(from + count, known.size), known.size));
                file.zero(at, length);
            }
            case 2 -> {
                last = "truncate %d".formatted(at);
                noted(() -> zeroed(known, from, BYTES, from));
                file.truncate(at);
            }
            case 3 -> {
                last = "allocate %d %d".formatted(at, length);
                file.allocate(at, length);
            }
            case 4, 5 -> {
                last = "flush";
                file.flush();
                noted(() -> {
                    known.onlyThis();
                    namespacesUpToNow();
                });
            }
            case 6 -> {
                last = "sync";
                v.sync();
                noted(() -> {
                    byInode.values().forEach(Known::onlyThis);
                    namespacesUpToNow();
                });
            }
            case 7 -> {
                if (random.nextInt(3) == 0) {
                    last = "checkpoint";
                    v.checkpoint();
                    noted(() -> {
                        byInode.values().forEach(Known::onlyThis);
                        namespacesUpToNow();
                    });
                }
            }
            default -> write(file, known, from, count);
        }
    }

    private void namespacesUpToNow() {
        namespaces.clear();
        namespaces.add(new TreeMap<>(names));
    }

    private static void zeroed(Known known, int at, int end, int newSize) {
        if (at < end) {
            Arrays.fill(known.content, at, end, (byte) 0);
        }
        known.changed(at, Math.max(at, end), newSize);
    }

    private void write(StoredFile file, Known known, int at, int length) throws HoldfastException {
        byte[] data = new byte[length];
        random.nextBytes(data);
        Set<WriteFlag> flags = EnumSet.noneOf(WriteFlag.class);
        if (random.nextInt(2) == 0) {
            flags.add(WriteFlag.DIRECT);
        }
        if (random.nextInt(6) == 0) {
            flags.add(WriteFlag.FUA);
        }
        last = "write %d %d %s checksummed %s".formatted(at, length, flags, known.checksummed);
        noted(() -> {
            System.arraycopy(data, 0, known.content, at, length);
            known.changed(at, at + length, Math.max(known.size, at + length));
        });
        MemorySegment source = memory.asSlice(0, length).copyFrom(MemorySegment.ofArray(data));
        file.write(at, source, flags);
        if (flags.contains(WriteFlag.FUA)) {
            noted(() -> {
                known.sizes.clear();
                known.sizes.add(known.size);
                for (int b = at / 4096; b * 4096 < at + length; b++) {
                    known.versions.get(b).clear();
                    known.versions.get(b).add(known.block(b));
                }
                namespacesUpToNow();
            });
        }
    }

    // ---- what must be there ----

    /** Checks that a recovered volume is one that a crash may leave now. The lock must be held. */
    void verify(StoredVolume recovered) throws HoldfastException {
        Map<String, Long> found = new TreeMap<>();
        for (DirectoryEntry entry : recovered.list("/", "", 100)) {
            found.put("/" + entry.name(), byInode.containsKey(entry.inode()) ? entry.inode() : 0L);
        }
        assertThat(namespaces).as("namespace").contains(found);
        for (Map.Entry<String, Long> entry : found.entrySet()) {
            try (StoredFile file = recovered.open(entry.getKey())) {
                Known known = byInode.get(entry.getValue());
                if (known == null) {
                    assertThat(file.size()).as("size of a file just created").isZero();
                } else {
                    verify(entry.getKey(), file, known);
                }
            }
        }
    }

    private static void verify(String name, StoredFile file, Known known) throws HoldfastException {
        assertThat(known.sizes).as("size of " + name).contains((int) file.size());
        byte[] read = read(file);
        for (int b = 0; b * 4096 < read.length; b++) {
            int n = Math.min(4096, read.length - b * 4096);
            int at = b * 4096;
            boolean matches =
                    known.versions.get(b).stream().anyMatch(version -> Arrays.equals(version, 0, n, read, at, at + n));
            if (!matches) {
                throw new AssertionError("%s: block %d of %d bytes holds none of its %d versions: %s"
                        .formatted(name, b, read.length, known.versions.get(b).size(), describe(known, b, read, n)));
            }
        }
    }

    private static String describe(Known known, int b, byte[] read, int n) {
        StringBuilder all = new StringBuilder();
        for (byte[] version : known.versions.get(b)) {
            all.append(" differs from ")
                    .append(Arrays.mismatch(version, 0, n, read, b * 4096, b * 4096 + n))
                    .append(" on;");
        }
        return all.toString();
    }

    private static byte[] read(StoredFile file) throws HoldfastException {
        MemorySegment target = MemorySegment.ofArray(new byte[(int) file.size()]);
        if (file.read(0, target) != target.byteSize()) {
            throw new HoldfastException(ErrorCode.DAMAGED, "short read");
        }
        return target.toArray(ValueLayout.JAVA_BYTE);
    }
}
