package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.fuzz.FuzzInput;
import io.holdfast.fuzz.FuzzOutput;
import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * The items of the namespace: directory entries, records, link targets, attributes, orphans, the high-water mark. All is
 * read, checked and changed. If the check finds nothing, then no change may find or make damage.
 */
public final class ItemFuzz implements FuzzTarget {
    private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);
    private static final int DIRECTORIES_MAX = 20;
    private static final int PATHS_MAX = 40;
    private static final int RAW_INODE = 255;

    @Override
    public void run(byte[] input) throws Exception {
        FuzzInput in = new FuzzInput(input);
        MemoryItems store = new MemoryItems(in.u8() % 4 == 1 ? List.of() : Namespace.formatItems(NOW));
        while (in.hasMore()) {
            Item item = item(in);
            byte[] value = item.value();
            if (value != null) {
                store.put(item.key(), value);
                encodings(item, value);
            }
        }
        boolean clean = MemoryItems.problems(store.all()).isEmpty();
        boolean damaged = use(store);
        if (clean) {
            assertThat(damaged).as("damage met that the check did not see").isFalse();
            assertThat(MemoryItems.problems(store.all())).isEmpty();
        }
    }

    private static Item item(FuzzInput in) {
        int short0 = in.u8();
        long inode = short0 == RAW_INODE ? in.u64() : short0;
        int type = in.u8();
        byte[] suffix = in.bytes(in.u8());
        byte[] key = ByteBuffer.allocate(9 + suffix.length)
                .putLong(inode)
                .put((byte) type)
                .put(suffix)
                .array();
        return new Item(key, in.bytes(in.u16() % (Item.VALUE_MAX + 1)));
    }

    /** What is accepted encodes to what it was. */
    private static void encodings(Item item, byte[] value) {
        Orphan orphan = Orphan.of(item);
        if (orphan != null && NamespaceKeys.inodeOf(item.key()) == 0 && NamespaceKeys.typeOf(item.key()) == 6) {
            assertThat(orphan.item().key()).isEqualTo(item.key());
            assertThat(orphan.item().value()).isEqualTo(value);
        }
        try {
            assertThat(Directories.encode(Directories.decode(1, value))).isEqualTo(value);
        } catch (HoldfastException e) {
            // Refused.
        }
        byte[] key = item.key();
        String name = Names.storedEntry(key, NamespaceKeys.PREFIX_SIZE, key.length - NamespaceKeys.PREFIX_SIZE);
        if (name != null) {
            assertThat(name.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                    .isEqualTo(Arrays.copyOfRange(key, NamespaceKeys.PREFIX_SIZE, key.length));
        }
    }

    /** Returns whether anything said that it is damaged. */
    private static boolean use(MemoryItems store) {
        List<Boolean> damaged = new ArrayList<>();
        Namespace names = new Namespace(store, () -> NOW, inode -> {}, new OpenFiles());
        attempt(damaged, names::recover);
        List<String> paths = new ArrayList<>();
        Deque<String> directories = new ArrayDeque<>(List.of("/"));
        for (int i = 0; i < DIRECTORIES_MAX && !directories.isEmpty(); i++) {
            String directory = directories.poll();
            attempt(damaged, () -> {
                for (DirectoryEntry entry : names.list(directory, "", PATHS_MAX)) {
                    String path = directory + (directory.equals("/") ? "" : "/") + entry.name();
                    paths.add(path);
                    if (entry.kind() == FileKind.DIRECTORY) {
                        directories.add(path);
                    }
                }
            });
        }
        List<String> some = paths.subList(0, Math.min(paths.size(), PATHS_MAX));
        some.forEach(path -> read(damaged, names, path));
        attempt(damaged, () -> names.mkdir("/made", CreateOptions.directory()));
        attempt(damaged, () -> names.symlink("/made/link", "x".repeat(3000)));
        some.forEach(path -> change(damaged, names, path));
        some.reversed().forEach(path -> attempt(damaged, () -> names.remove(path)));
        return !damaged.isEmpty();
    }

    private static void read(List<Boolean> damaged, Namespace names, String path) {
        attempt(damaged, () -> names.status(path));
        attempt(damaged, () -> names.open(path, (number, at) -> number));
        attempt(damaged, () -> names.readLink(path));
        attempt(damaged, () -> {
            for (String name : names.listXattrs(path)) {
                names.getXattr(path, name);
            }
        });
    }

    private static void change(List<Boolean> damaged, Namespace names, String path) {
        attempt(damaged, () -> names.setXattr(path, "user.a", new byte[3000]));
        attempt(damaged, () -> names.setAttributes(path, AttributeChange.mode(0700)));
        attempt(damaged, () -> names.link(path, "/made/second"));
        attempt(damaged, () -> names.rename(path, "/made/renamed"));
        attempt(damaged, () -> names.rename("/made/renamed", path));
        attempt(damaged, () -> names.removeXattr(path, "user.a"));
        attempt(damaged, () -> names.create(path + "/new", CreateOptions.file(), (inode, record) -> inode));
        attempt(damaged, () -> names.remove("/made/second"));
    }

    private interface Step {
        void run() throws HoldfastException;
    }

    private static void attempt(List<Boolean> damaged, Step step) {
        try {
            step.run();
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.DAMAGED) {
                damaged.add(true);
            }
        }
    }

    @Override
    public List<byte[]> seeds() {
        byte[] file = InodeRecord.newFile(CreateOptions.file(), NOW).encode();
        byte[] directory = InodeRecord.newDirectory(1, 0755, 0, 0, NOW).encode();
        byte[] root = InodeRecord.newDirectory(1, 0755, 0, 0, NOW).withLinks(3).encode();
        byte[] link = InodeRecord.newSymlink(5, NOW).encode();
        FuzzOutput tree = new FuzzOutput().u8(0);
        item(tree, 0, NamespaceKeys.HIGH_WATER, new byte[0], number(1026));
        item(tree, 1, NamespaceKeys.INODE, new byte[0], root);
        item(tree, 1, NamespaceKeys.ENTRY, new byte[] {'d'}, Directories.encode(new Entry(2, FileKind.DIRECTORY)));
        item(tree, 2, NamespaceKeys.INODE, new byte[0], directory);
        item(tree, 2, NamespaceKeys.ENTRY, new byte[] {'f'}, Directories.encode(new Entry(3, FileKind.REGULAR)));
        item(tree, 2, NamespaceKeys.ENTRY, new byte[] {'l'}, Directories.encode(new Entry(4, FileKind.SYMLINK)));
        item(tree, 3, NamespaceKeys.INODE, new byte[0], file);
        item(tree, 3, NamespaceKeys.ATTRIBUTE, new byte[] {3, 'a', 'b', 'c', 0}, new byte[] {1, 0, 0, 0, 9});
        item(tree, 4, NamespaceKeys.INODE, new byte[0], link);
        item(tree, 4, NamespaceKeys.LINK_TARGET, new byte[2], new byte[] {'/', 'd', '/', 'f', 'f'});
        FuzzOutput orphans = new FuzzOutput().u8(0);
        item(orphans, 0, NamespaceKeys.HIGH_WATER, new byte[0], number(1026));
        item(orphans, 0, NamespaceKeys.ORPHAN, new byte[] {0, 0, 0, 0, 0, 0, 0, 7}, new byte[] {(byte) 0x81});
        item(orphans, 0, NamespaceKeys.DEAD_TREE, new byte[8], new byte[17]);
        item(orphans, 7, NamespaceKeys.ATTRIBUTE, new byte[] {1, 'a', 0}, new byte[] {0, 0, 0, 0});
        return List.of(tree.done(), orphans.done(), new byte[] {1}, new byte[] {0});
    }

    private static byte[] number(int value) {
        return new FuzzOutput().u64(value).done();
    }

    private static void item(FuzzOutput out, int inode, int type, byte[] suffix, byte[] value) {
        out.u8(inode, type, suffix.length).bytes(suffix).u16(value.length).bytes(value);
    }
}
