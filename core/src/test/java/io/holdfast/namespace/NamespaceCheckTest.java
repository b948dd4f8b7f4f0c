package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.holdfast.btree.Generator;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.InodeMark;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.FileKind;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NamespaceCheckTest extends NamespaceFixture {
    private long file;
    private long directory;
    private long link;
    private long gone;

    @BeforeEach
    void fill() throws HoldfastException {
        mkdir("/d");
        mkdir("/d/e");
        file = create("/d/f");
        names.link("/d/f", "/g");
        names.symlink("/s", "t".repeat(2000));
        names.setXattr("/d/f", "user.a", new byte[3000]);
        names.setXattr("/d/f", "user.b", new byte[3]);
        gone = create("/gone");
        names.remove("/gone");
        store.put(NamespaceKeys.map(gone), new byte[] {1});
        store.put(NamespaceKeys.map(file), new byte[] {1});
        directory = names.resolve("/d", false);
        link = names.resolve("/s", false);
    }

    /** Expects problems that mention all the words, in a copy of the items that was changed. */
    private void expect(String words, Runnable damage) {
        List<Item> before = store.all();
        damage.run();
        List<String> problems = MemoryItems.problems(store.all());
        assertThat(problems).as(words).anySatisfy(p -> assertThat(p).contains(words.split(" ")));
        store = new MemoryItems(before);
    }

    private void putRecord(long inode, InodeRecord record) {
        store.put(NamespaceKeys.inode(inode), record.encode());
    }

    private static byte[] name(String name) {
        return name.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static byte[] entry(long inode, FileKind kind) {
        return Directories.encode(new Entry(inode, kind));
    }

    @Test
    void countsFilesAndDirectories() {
        NamespaceCheck check = new NamespaceCheck((_, _, _, message) -> fail(message));
        store.all().forEach(check::item);
        assertThat(check.finish()).isEqualTo(new NamespaceCheck.Counts(2, 3));
    }

    @Test
    void findsWrongRecords() throws HoldfastException {
        InodeRecord f = names.stored(file);
        InodeRecord d = names.stored(directory);
        expect("inode " + file + " link count 3 2", () -> putRecord(file, f.withLinks(3)));
        expect("inode " + directory + " link count 2 3", () -> putRecord(directory, d.withLinks(2)));
        expect("inode 1 link count", () -> putRecord(1, d.withParent(1).withLinks(7)));
        expect("inode 1 root", () -> putRecord(1, f));
        expect("inode 1 root no record", () -> store.remove(NamespaceKeys.inode(1)));
        expect("inode " + directory + " believes", () -> putRecord(directory, d.withParent(file)));
        expect("inode " + file + " kind", () -> putRecord(file, d));
        expect("directory entry " + file + " no record", () -> store.remove(NamespaceKeys.inode(file)));
        expect("inode " + file + " bytes", () -> store.put(NamespaceKeys.inode(file), new byte[3]));
        expect("inode 5000 no name", () -> putRecord(5000, f));
        expect("inode 5000 high-water", () -> putRecord(5000, f));
        expect("inode 0 high-water", () -> store.remove(InodeMark.key()));
        expect("inode 0 high-water malformed", () -> store.put(InodeMark.key(), new byte[8]));
        expect("inode " + file + " orphan names", () -> store.put(NamespaceKeys.orphan(file), new byte[] {1}));
        expect("inode 0 malformed orphan", () -> store.put(NamespaceKeys.orphan(9), new byte[] {4}));
    }

    @Test
    void findsWrongNames() {
        byte[] there = NamespaceKeys.entry(directory, name("x"));
        expect("directory entry 4000 no record", () -> store.put(there, entry(4000, FileKind.REGULAR)));
        expect("differ in its kind", () -> store.put(there, entry(file, FileKind.SYMLINK)));
        expect("directory with 2 names", () -> store.put(there, entry(directory, FileKind.DIRECTORY)));
        expect("directory entry " + directory + " malformed", () -> store.put(there, new byte[9]));
        expect("directory entry leads", () -> store.put(there, entry(1, FileKind.DIRECTORY)));
        expect(
                "name malformed " + directory,
                () -> store.put(NamespaceKeys.entry(directory, new byte[] {-1}), entry(file, FileKind.REGULAR)));
        expect(
                "name malformed " + directory,
                () -> store.put(NamespaceKeys.entry(directory, name("..")), entry(file, FileKind.REGULAR)));
        expect(
                "inode " + file + " directory entries",
                () -> store.put(NamespaceKeys.entry(file, name("x")), entry(file, FileKind.REGULAR)));
        expect(
                "inode 4000 no record",
                () -> store.put(NamespaceKeys.entry(4000, name("x")), entry(file, FileKind.REGULAR)));
        expect("inode 0 has", () -> store.put(NamespaceKeys.entry(0, name("x")), entry(file, FileKind.REGULAR)));
        expect("inode " + file + " no name", () -> {
            store.remove(NamespaceKeys.entry(1, name("g")));
            store.remove(NamespaceKeys.entry(directory, name("f")));
        });
    }

    @Test
    void findsDirectoryLoops() throws HoldfastException {
        long e = names.resolve("/d/e", false);
        expect("inside itself", () -> {
            store.remove(NamespaceKeys.entry(1, name("d")));
            store.put(NamespaceKeys.entry(e, name("d")), entry(directory, FileKind.DIRECTORY));
        });
    }

    @Test
    void findsBrokenSequences() {
        byte[] a = name("user.a");
        for (int chunk : new int[] {0, 1, 2}) {
            expect("inode " + file + " not whole", () -> store.remove(NamespaceKeys.attribute(file, a, chunk)));
        }
        expect("not whole", () -> store.put(NamespaceKeys.attribute(file, a, 3), new byte[5]));
        expect("not whole", () -> store.put(NamespaceKeys.attribute(file, a, 1), new byte[1000]));
        expect("not whole", () -> store.put(NamespaceKeys.attribute(file, name("c"), 0), new byte[2]));
        expect(
                "inode " + gone + " orphan no attributes",
                () -> store.put(NamespaceKeys.attribute(gone, a, 0), new byte[4]));
        expect("malformed name", () -> store.put(NamespaceKeys.attribute(file, new byte[] {-1}, 0), new byte[4]));
        expect("inode " + link + " not whole", () -> store.remove(NamespaceKeys.linkTarget(link, 1)));
        expect("inode " + link + " not whole", () -> store.remove(NamespaceKeys.linkTarget(link, 0)));
        expect("inode " + link + " without target", () -> {
            store.remove(NamespaceKeys.linkTarget(link, 0));
            store.remove(NamespaceKeys.linkTarget(link, 1));
        });
        expect("inode " + file + " link target", () -> store.put(NamespaceKeys.linkTarget(file, 0), new byte[1]));
    }

    @Test
    void findsForeignItems() {
        expect("inode " + file + " unknown type 99", () -> store.put(NamespaceKeys.first(file, 99), new byte[1]));
        expect("key of 3 bytes", () -> store.put(new byte[] {1, 2, 3}, new byte[1]));
        expect("inode 4000 no record", () -> store.put(NamespaceKeys.map(4000), new byte[1]));
        expect("block map DIRECTORY", () -> store.put(NamespaceKeys.map(directory), new byte[1]));
    }

    /** Whatever is in the items, the check ends, and the namespace answers or says DAMAGED. */
    @Test
    void takesAnyContent() {
        List<Item> good = store.all();
        for (long seed : Generator.seeds(3000).toArray()) {
            Generator random = new Generator(seed);
            store = new MemoryItems(good);
            int damages = random.between(1, 4);
            for (int i = 0; i < damages; i++) {
                damage(random, good.get(random.between(0, good.size() - 1)));
            }
            MemoryItems.problems(store.all());
            names = namespace();
            exercise();
        }
        store = new MemoryItems(good);
    }

    private void damage(Generator random, Item item) {
        byte[] key = item.key().clone();
        byte[] value = item.value().clone();
        switch (random.between(0, 4)) {
            case 0 -> store.remove(key);
            case 1 -> store.put(key, Arrays.copyOf(value, random.between(0, value.length + 3)));
            case 2 -> store.put(Arrays.copyOf(key, random.between(1, key.length + 3)), value);
            case 3 -> {
                key[random.between(0, key.length - 1)] ^= (byte) (1 << random.between(0, 7));
                store.put(key, value);
            }
            default -> {
                if (value.length > 0) {
                    value[random.between(0, Math.min(value.length, 100) - 1)] ^= (byte) (1 << random.between(0, 7));
                }
                store.put(key, value);
            }
        }
    }

    private void exercise() {
        for (String path : new String[] {"/", "/d", "/d/e", "/d/f", "/g", "/s"}) {
            attempt(() -> names.status(path));
            attempt(() -> names.list(path, "", 100));
            attempt(() -> names.readLink(path));
            attempt(() -> names.resolve(path, true));
            attempt(() -> names.listXattrs(path));
            attempt(() -> names.getXattr(path, "user.a"));
            attempt(() -> names.setAttributes(path, AttributeChange.mode(1)));
        }
        attempt(() -> create("/d/new"));
        attempt(() -> names.rename("/d/e", "/e"));
        attempt(() -> names.rename("/d", "/e/d"));
        attempt(() -> names.setXattr("/g", "user.a", new byte[1]));
        attempt(() -> names.link("/g", "/h"));
        attempt(() -> names.remove("/g"));
        attempt(() -> names.remove("/d/f"));
        attempt(() -> names.remove("/s"));
        attempt(() -> names.recover());
    }

    private interface Attempt {
        void run() throws HoldfastException;
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (HoldfastException e) {
            assertThat(e.code())
                    .isIn(
                            ErrorCode.DAMAGED,
                            ErrorCode.NOT_FOUND,
                            ErrorCode.EXISTS,
                            ErrorCode.NOT_A_DIRECTORY,
                            ErrorCode.IS_A_DIRECTORY,
                            ErrorCode.DIRECTORY_NOT_EMPTY,
                            ErrorCode.NO_ATTRIBUTE,
                            ErrorCode.TOO_MANY_LINKS,
                            ErrorCode.TOO_MANY_SYMLINKS,
                            ErrorCode.NAME_TOO_LONG,
                            ErrorCode.INVALID);
        }
    }
}
