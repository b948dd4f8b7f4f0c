package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NamespaceTest extends NamespaceFixture {
    @Test
    void anEmptyVolumeHasARootAndNothingElse() throws HoldfastException {
        Inode root = names.status("/");
        assertThat(root.number()).isEqualTo(NamespaceKeys.ROOT);
        assertThat(root.record().kind()).isEqualTo(FileKind.DIRECTORY);
        assertThat(root.record().mode()).isEqualTo(0755);
        assertThat(root.record().links()).isEqualTo(2);
        assertThat(root.record().birthTime()).isEqualTo(START);
        assertThat(list("/")).isEmpty();
        assertThat(store.all()).isSortedAccordingTo((a, b) -> java.util.Arrays.compareUnsigned(a.key(), b.key()));
    }

    @Test
    void aNewFileHasWhatItWasCreatedWith() throws HoldfastException {
        tick();
        CreateOptions options = new CreateOptions(-1L, false, 04750, 7, -2);
        long inode = names.create("/f", options, (opened, record) -> opened);
        InodeRecord file = names.read(inode);
        assertThat(file)
                .isEqualTo(new InodeRecord(FileKind.REGULAR, 04750, 7, -2, 1, false, -1L, 0, now, now, now, now));
        assertThat(names.status("/f")).isEqualTo(new Inode(inode, file));
        assertThat(names.stored(inode)).isEqualTo(file);
        assertThat(names.resolve("/f", true)).isEqualTo(inode);
        assertThat(file.status(inode, 8192).allocatedBytes()).isEqualTo(8192);
        assertThat(record("/").modifyTime()).isEqualTo(now);
        assertThat(record("/").changeTime()).isEqualTo(now);
        assertThat(record("/").accessTime()).isEqualTo(START);
    }

    @Test
    void creatingOverAnythingFails() throws HoldfastException {
        create("/f");
        mkdir("/d");
        names.symlink("/s", "nowhere");
        for (String path : new String[] {"/f", "/d", "/s", "/"}) {
            assertFails(ErrorCode.EXISTS, () -> create(path));
            assertFails(ErrorCode.EXISTS, () -> mkdir(path));
            assertFails(ErrorCode.EXISTS, () -> names.symlink(path, "x"));
            assertFails(ErrorCode.EXISTS, () -> names.link("/f", path));
        }
        assertFails(ErrorCode.NOT_FOUND, () -> create("/none/f"));
        assertFails(ErrorCode.NOT_FOUND, () -> create("/s/f"));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> create("/f/g"));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> mkdir("/f/g/h"));
        assertFails(
                ErrorCode.INVALID,
                () -> names.mkdir("/m", CreateOptions.directory().withMode(010000)));
        assertFails(
                ErrorCode.INVALID, () -> names.create("/m", CreateOptions.file().withMode(-1), (i, record) -> i));
    }

    @Test
    void openingFollowsLinksAndWantsAFile() throws HoldfastException {
        mkdir("/d");
        long inode = create("/d/f");
        names.symlink("/s", "d/f");
        names.symlink("/t", "d");
        assertThat(names.<Long>open("/s", (i, at) -> i)).isEqualTo(inode);
        assertThat(names.<Long>open("/t/f", (i, at) -> i)).isEqualTo(inode);
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> names.open("/d", (i, at) -> i));
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> names.open("/t", (i, at) -> i));
        assertFails(ErrorCode.NOT_FOUND, () -> names.open("/x", (i, at) -> i));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> names.open("/d/f/x", (i, at) -> i));
        assertThat(names.<InodeRecord>open("/s", (i, at) -> names.stored(i)).kind())
                .isEqualTo(FileKind.REGULAR);
    }

    @Test
    void directoriesCountTheirSubdirectories() throws HoldfastException {
        mkdir("/d");
        mkdir("/d/a");
        mkdir("/d/b");
        create("/d/f");
        assertThat(record("/d").links()).isEqualTo(4);
        assertThat(record("/").links()).isEqualTo(3);
        assertThat(record("/d/a").parent()).isEqualTo(names.resolve("/d", false));
        names.remove("/d/a");
        assertThat(record("/d").links()).isEqualTo(3);
        assertFails(ErrorCode.DIRECTORY_NOT_EMPTY, () -> names.remove("/d"));
        names.remove("/d/b");
        names.remove("/d/f");
        names.remove("/d");
        assertFails(ErrorCode.NOT_FOUND, () -> names.status("/d"));
        assertThat(record("/").links()).isEqualTo(2);
        assertFails(ErrorCode.NOT_FOUND, () -> names.remove("/d"));
        assertFails(ErrorCode.INVALID, () -> names.remove("/"));
    }

    @Test
    void hardLinksShareAnInode() throws HoldfastException {
        long inode = create("/a");
        mkdir("/d");
        tick();
        names.link("/a", "/d/b");
        assertThat(names.resolve("/d/b", false)).isEqualTo(inode);
        assertThat(record("/a").links()).isEqualTo(2);
        assertThat(record("/a").changeTime()).isEqualTo(now);
        assertThat(record("/a").modifyTime()).isEqualTo(START);
        names.remove("/a");
        assertThat(record("/d/b").links()).isEqualTo(1);
        assertThat(unlinked).isEmpty();
        names.remove("/d/b");
        assertThat(unlinked).containsExactly(inode);
        assertThat(store.get(NamespaceKeys.inode(inode))).isNull();
        assertThat(store.get(NamespaceKeys.orphan(inode))).containsExactly(1);
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> names.link("/d", "/e"));
        assertFails(ErrorCode.NOT_FOUND, () -> names.link("/x", "/e"));
        names.symlink("/s", "/d");
        names.link("/s", "/t");
        assertThat(names.readLink("/t")).isEqualTo("/d");
        assertThat(record("/t").links()).isEqualTo(2);
    }

    @Test
    void linkCountIsBounded() throws HoldfastException {
        long inode = create("/a");
        byte[] good = store.get(NamespaceKeys.inode(inode));
        store.put(
                NamespaceKeys.inode(inode),
                record("/a").withLinks(InodeRecord.LINKS_MAX).encode());
        assertFails(ErrorCode.TOO_MANY_LINKS, () -> names.link("/a", "/b"));
        store.put(NamespaceKeys.inode(inode), good);
        byte[] root = store.get(NamespaceKeys.inode(1));
        store.put(
                NamespaceKeys.inode(1),
                record("/").withLinks(InodeRecord.LINKS_MAX).encode());
        assertFails(ErrorCode.TOO_MANY_LINKS, () -> mkdir("/b"));
        store.put(NamespaceKeys.inode(1), root);
    }

    @Test
    void blockMapsAreLeftToTheEngine() throws HoldfastException {
        long inode = create("/a");
        store.put(NamespaceKeys.map(inode), new byte[] {1, 2, 3});
        names.remove("/a");
        assertThat(store.get(NamespaceKeys.map(inode))).containsExactly(1, 2, 3);
    }

    @Test
    void attributesAreSetOneByOne() throws HoldfastException {
        create("/f");
        tick();
        names.setAttributes("/f", AttributeChange.mode(01777));
        assertThat(record("/f").mode()).isEqualTo(01777);
        assertThat(record("/f").changeTime()).isEqualTo(now);
        names.setAttributes("/f", AttributeChange.owner(5, 6));
        Instant old = Instant.parse("-0300-01-01T00:00:00.000000001Z");
        names.setAttributes("/f", AttributeChange.times(old, null));
        names.setAttributes("/f", AttributeChange.times(null, Instant.MAX));
        InodeRecord file = record("/f");
        assertThat(file)
                .isEqualTo(new InodeRecord(FileKind.REGULAR, 01777, 5, 6, 1, true, 0, 0, old, Instant.MAX, now, START));
        assertFails(ErrorCode.INVALID, () -> names.setAttributes("/f", AttributeChange.mode(010000)));
        names.symlink("/s", "f");
        names.setAttributes("/s", AttributeChange.owner(1, 1));
        assertThat(record("/f").uid()).isEqualTo(5);
        assertThat(record("/s").uid()).isEqualTo(1);
    }

    @Test
    void listingGoesInByteOrderAndInPages() throws HoldfastException {
        for (String name : new String[] {"b", "a", "aa", "ä", "Z", "a.b", "𝄞", "\uFFFD"}) {
            create("/" + name);
        }
        mkdir("/dir");
        assertThat(list("/")).containsExactly("Z", "a", "a.b", "aa", "b", "dir", "ä", "\uFFFD", "𝄞");
        assertThat(names.list("/", "a", 2)).extracting(DirectoryEntry::name).containsExactly("a.b", "aa");
        assertThat(names.list("/", "c", 1))
                .containsExactly(new DirectoryEntry("dir", names.resolve("/dir", true), FileKind.DIRECTORY));
        assertThat(names.list("/", "𝄞", 5)).isEmpty();
        assertFails(ErrorCode.INVALID, () -> names.list("/", "", 0));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> names.list("/a", "", 1));
        assertFails(ErrorCode.NOT_FOUND, () -> names.list("/none", "", 1));
    }

    @Test
    void inodeNumbersAreNeverUsedAgain() throws HoldfastException {
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < 6000; i++) {
            // Often enough to skip numbers, and seldom enough to pass a mark in between.
            if (i % 1500 == 1499) {
                names = namespace();
            }
            assertThat(seen.add(create("/f" + i))).isTrue();
            names.remove("/f" + i);
        }
    }

    @Test
    void aFullVolumeRefusesAndStaysAsItWas() throws HoldfastException {
        create("/f");
        mkdir("/d");
        store.fullAfter(0);
        var before = store.all().stream().map(Item::key).toList();
        assertFails(ErrorCode.NO_SPACE, () -> create("/g"));
        assertFails(ErrorCode.NO_SPACE, () -> mkdir("/g"));
        assertFails(ErrorCode.NO_SPACE, () -> names.symlink("/g", "x"));
        assertFails(ErrorCode.NO_SPACE, () -> names.link("/f", "/g"));
        assertFails(ErrorCode.NO_SPACE, () -> names.rename("/f", "/g"));
        assertFails(ErrorCode.NO_SPACE, () -> names.setXattr("/f", "user.a", new byte[9]));
        assertThat(store.all().stream().map(Item::key)).containsExactlyElementsOf(before);
        names.remove("/f");
        names.remove("/d");
        store.fullAfter(-1);
        long a = create("/a");
        assertThat(create("/b")).isEqualTo(a + 1);
    }

    @Test
    void eachChangeIsOneCommit() throws HoldfastException {
        create("/first");
        int before = store.commits;
        create("/f");
        mkdir("/d");
        names.symlink("/s", "x".repeat(4095));
        names.link("/f", "/g");
        names.rename("/g", "/d/g");
        names.setXattr("/f", "user.big", new byte[65_536]);
        names.rename("/f", "/s");
        names.remove("/s");
        names.remove("/d/g");
        assertThat(store.commits - before).isEqualTo(9);
    }
}
