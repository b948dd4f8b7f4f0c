package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that are open have a newer record in memory; nobody's change may be lost. */
class OpenFileTest extends NamespaceFixture {
    private long openNew(String path) throws HoldfastException {
        return names.create(path, CreateOptions.file(), (inode, record) -> {
            open.records.put(inode, record);
            return inode;
        });
    }

    private void grow(long inode, long size) {
        open.records.compute(inode, (i, r) -> r.withSize(size).modified(now));
    }

    @Test
    void theOpenRecordIsTheAnswer() throws HoldfastException {
        long inode = openNew("/f");
        tick();
        grow(inode, 77);
        assertThat(record("/f").size()).isEqualTo(77);
        assertThat(names.read(inode).modifyTime()).isEqualTo(now);
        assertThat(names.stored(inode).size()).isZero();
        open.records.clear();
        assertThat(record("/f").size()).isZero();
    }

    @Test
    void changesMeetInTheOpenRecord() throws HoldfastException {
        long inode = openNew("/f");
        grow(inode, 77);
        names.link("/f", "/g");
        names.setAttributes("/g", AttributeChange.mode(0600));
        names.setXattr("/f", "user.a", new byte[1]);
        mkdir("/d");
        names.rename("/g", "/d/g");
        InodeRecord record = open.current(inode);
        assertThat(record.links()).isEqualTo(2);
        assertThat(record.mode()).isEqualTo(0600);
        assertThat(record.size()).isEqualTo(77);
        assertThat(names.stored(inode)).isEqualTo(record);
    }

    @Test
    void aRefusedChangeLeavesTheOpenRecord() throws HoldfastException {
        long inode = openNew("/f");
        InodeRecord before = open.current(inode);
        store.fullAfter(0);
        assertFails(ErrorCode.NO_SPACE, () -> names.link("/f", "/g"));
        assertFails(ErrorCode.NO_SPACE, () -> names.setAttributes("/f", AttributeChange.mode(0)));
        assertThat(open.current(inode)).isEqualTo(before);
    }

    @Test
    void removingAnOpenFileLeavesItsRecordWithoutLinks() throws HoldfastException {
        long inode = openNew("/f");
        grow(inode, 99);
        names.remove("/f");
        assertThat(unlinked).containsExactly(inode);
        assertThat(open.current(inode).links()).isZero();
        assertThat(open.current(inode).size()).isEqualTo(99);
        assertThat(names.read(inode).links()).isZero();
        assertThat(store.get(NamespaceKeys.inode(inode))).isNull();
        assertThat(MemoryItems.problems(store.all())).isEmpty();
        // The engine reaps it at the last close.
        open.records.remove(inode);
        store.commit(List.of(Item.remove(NamespaceKeys.orphan(inode))), true);
        assertThat(store.all()).hasSize(2);
    }

    @Test
    void renamingOneOpenFileOverAnother() throws HoldfastException {
        long a = openNew("/a");
        long b = openNew("/b");
        grow(a, 5);
        names.link("/b", "/c");
        names.rename("/a", "/b");
        assertThat(open.current(b).links()).isEqualTo(1);
        assertThat(names.stored(b).links()).isEqualTo(1);
        names.rename("/b", "/c");
        assertThat(open.current(b).links()).isZero();
        assertThat(names.stored(a).size()).isEqualTo(5);
        assertThat(unlinked).containsExactly(b);
    }

    @ParameterizedTest
    @EnumSource
    void whatACrashLeftIsFinished(FileKind kind) throws HoldfastException {
        switch (kind) {
            case REGULAR -> openNew("/f");
            case DIRECTORY -> mkdir("/f");
            case SYMLINK -> names.symlink("/f", "x");
        }
        long inode = names.resolve("/f", false);
        for (int i = 0; i < 7; i++) {
            names.setXattr("/f", "user." + i, new byte[65_536]);
        }
        store.failAfter(2);
        assertFails(ErrorCode.FAILED, () -> names.remove("/f"));
        assertFails(ErrorCode.NOT_FOUND, () -> names.status("/f"));
        assertThat(attributes()).isPositive();
        assertThat(Orphan.of(new Item(NamespaceKeys.orphan(inode), store.get(NamespaceKeys.orphan(inode)))))
                .isEqualTo(new Orphan(inode, kind, true))
                .matches(orphan -> !orphan.isReapable());
        assertThat(MemoryItems.problems(store.all())).isEmpty();
        store.failAfter(-1);
        open.records.clear();
        unlinked.clear();
        // A malformed one is passed over.
        store.put(NamespaceKeys.orphan(inode + 1), new byte[] {2});
        names = namespace();
        names.recover();
        store.remove(NamespaceKeys.orphan(inode + 1));
        assertThat(attributes()).isZero();
        if (kind == FileKind.REGULAR) {
            assertThat(unlinked).containsExactly(inode);
            assertThat(store.get(NamespaceKeys.orphan(inode))).containsExactly(1);
        } else {
            assertThat(unlinked).isEmpty();
            assertThat(store.all()).hasSize(2);
        }
    }

    private int attributes() {
        return store.count(key -> NamespaceKeys.typeOf(key) == NamespaceKeys.ATTRIBUTE);
    }
}
