package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import org.junit.jupiter.api.Test;

/** Files that get their first name late, or never. */
class UnnamedTest extends NamespaceFixture {
    private final UnnamedOpener<Long> opener = new UnnamedOpener<>() {
        @Override
        public Long open(long inode, InodeRecord record) {
            open.records.put(inode, record);
            return inode;
        }

        @Override
        public void close(Long inode) {
            open.records.remove(inode);
        }
    };

    private long createUnnamed() throws HoldfastException {
        return names.createUnnamed(CreateOptions.file(), opener);
    }

    @Test
    void nobodyFindsAFileWithoutAName() throws HoldfastException {
        long inode = createUnnamed();
        assertThat(list("/")).isEmpty();
        assertThat(store.get(NamespaceKeys.inode(inode))).isNull();
        assertThat(store.get(NamespaceKeys.orphan(inode))).isNotNull();
        assertThat(createUnnamed()).isNotEqualTo(inode);
    }

    @Test
    void theNextOpeningReportsItAsAnOrphan() throws HoldfastException {
        long inode = createUnnamed();
        open.records.clear();
        namespace().recover();
        assertThat(unlinked).containsExactly(inode);
    }

    @Test
    void itsFirstNameComesWithAllThatIsKnownOfIt() throws HoldfastException {
        long inode = createUnnamed();
        tick();
        open.records.compute(inode, (i, r) -> r.withSize(77).modified(now));
        tick();
        names.link(inode, "/f", false);
        assertThat(names.stored(inode)).isEqualTo(open.current(inode));
        assertThat(record("/f").size()).isEqualTo(77);
        assertThat(record("/f").links()).isEqualTo(1);
        assertThat(record("/f").changeTime()).isEqualTo(now);
        assertThat(store.get(NamespaceKeys.orphan(inode))).isNull();
        open.records.clear();
        namespace().recover();
        assertThat(unlinked).isEmpty();
    }

    @Test
    void aNameThatIsTakenIsReplacedOnlyIfWanted() throws HoldfastException {
        long old = create("/f");
        mkdir("/d");
        long inode = createUnnamed();
        assertFails(ErrorCode.EXISTS, () -> names.link(inode, "/f", false));
        assertFails(ErrorCode.EXISTS, () -> names.link(inode, "/d", false));
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> names.link(inode, "/d", true));
        assertFails(ErrorCode.INVALID, () -> names.link(inode, "/", true));
        assertFails(ErrorCode.NOT_FOUND, () -> names.link(inode, "/none/f", false));
        names.link(inode, "/f", true);
        assertThat(names.resolve("/f", false)).isEqualTo(inode);
        assertThat(unlinked).containsExactly(old);
    }

    @Test
    void onlyAnOpenFileWithoutANameGetsItsFirst() throws HoldfastException {
        long inode = createUnnamed();
        names.link(inode, "/f", false);
        assertFails(ErrorCode.INVALID, () -> names.link(inode, "/g", false));
        assertFails(ErrorCode.INVALID, () -> names.link(inode + 1, "/g", false));
    }

    @Test
    void aRefusedCreationLeavesNothingOpen() throws HoldfastException {
        store.fullAfter(0);
        assertFails(ErrorCode.NO_SPACE, this::createUnnamed);
        assertThat(open.records).isEmpty();
    }

    @Test
    void aRefusedNameLeavesItWithoutOne() throws HoldfastException {
        long inode = createUnnamed();
        store.fullAfter(0);
        assertFails(ErrorCode.NO_SPACE, () -> names.link(inode, "/f", false));
        assertThat(open.current(inode).links()).isZero();
        assertThat(list("/")).isEmpty();
    }
}
