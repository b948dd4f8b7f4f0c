package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.namespace.LossItem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is kept of lost writes, in items that cannot be read, make no sense, or cannot be removed. */
class KeptLossesTest {
    private static final String ALL = "all other files";

    /** Items of which those in the tree cannot be read, as those of a damaged leaf; changes since then can. */
    private static final class Items implements MetadataStore {
        private final TreeMap<byte[], Item> tree = new TreeMap<>(Arrays::compareUnsigned);
        private final TreeMap<byte[], Item> changed = new TreeMap<>(Arrays::compareUnsigned);
        private boolean unreadable;
        private boolean full;

        void damage() {
            unreadable = true;
        }

        void mend() {
            unreadable = false;
            tree.putAll(changed);
            tree.values().removeIf(item -> item.value() == null);
            changed.clear();
        }

        private static HoldfastException damaged() {
            return new HoldfastException(ErrorCode.DAMAGED, "block 7 is damaged");
        }

        @Override
        public byte @Nullable [] get(byte[] key) throws HoldfastException {
            Item change = changed.get(key);
            if (change == null && unreadable) {
                throw damaged();
            }
            Item found = change == null ? tree.get(key) : change;
            return found == null ? null : found.value();
        }

        @Override
        public List<Item> scan(byte[] from, byte[] to, int limit) throws HoldfastException {
            if (unreadable) {
                throw damaged();
            }
            return tree.subMap(from, to).values().stream().limit(limit).toList();
        }

        @Override
        public List<Item> scanKnown(byte[] from, byte[] to, int limit) {
            throw new AssertionError("nothing may be left out");
        }

        @Override
        public void commit(List<Item> changes, boolean freesSpace) throws HoldfastException {
            assertThat(freesSpace).isTrue();
            if (full) {
                throw new HoldfastException(ErrorCode.NO_SPACE, "full");
            }
            changes.forEach(item -> changed.put(item.key(), item));
            if (!unreadable) {
                mend();
            }
        }

        @Override
        public long inodesBelow() {
            return 0;
        }
    }

    private final Items items = new Items();
    private final List<Integer> flushes = new ArrayList<>();
    private AcknowledgedChanges changes = new AcknowledgedChanges();
    private KeptLosses kept = open();

    private KeptLosses open() {
        changes = new AcknowledgedChanges();
        kept = new KeptLosses("volume", items, () -> flushes.add(1), changes);
        kept.load(inode -> inode == 99, _ -> Map.of(7L, "/seven"));
        return kept;
    }

    private void assertAllAccepted() {
        assertThat(changes.lost()).isEmpty();
        open();
        assertThat(changes.lost()).isEmpty();
    }

    @Test
    void aLossIsThereAgainAndCanBeAccepted() throws HoldfastException {
        kept.lose(Map.of(7L, "/seven", 8L, "/eight", 99L, "/gone"), false);
        open();
        assertThat(changes.lost()).containsExactly("/seven", "inode 8");
        assertThat(items.tree).hasSize(2);
        kept.accept(7, "/seven");
        assertThatThrownBy(() -> kept.accept(7, "/seven")).hasMessageContaining("/seven");
        open();
        assertThat(changes.lost()).containsExactly("inode 8");
        kept.acceptAll();
        assertAllAccepted();
        assertThat(items.tree).isEmpty();
    }

    /** Nearly always there is nothing to be read there. */
    @Test
    void aLeafThatCannotBeReadKeepsNobodyFromFlushing() throws HoldfastException {
        kept.lose(Map.of(7L, "/seven"), false);
        items.damage();
        open();
        assertThat(changes.lost()).isEmpty();
        items.mend();
        open();
        assertThat(changes.lost()).containsExactly("/seven");
    }

    @Test
    void allIsAcceptedWithoutReadingIt() throws HoldfastException {
        kept.lose(Map.of(7L, "/seven"), false);
        items.damage();
        open();
        kept.acceptAll();
        assertAllAccepted();
        // A leaf that comes back has what was accepted since.
        items.mend();
        assertAllAccepted();
        assertThat(items.tree).isEmpty();
        assertAllAccepted();
    }

    @Test
    void aLossAfterAllWasAcceptedIsKept() throws HoldfastException {
        items.damage();
        open();
        kept.acceptAll();
        kept.lose(Map.of(8L, "/eight"), false);
        assertThat(changes.lost()).containsExactly("/eight");
        items.mend();
        open();
        assertThat(changes.lost()).containsExactly("inode 8");
    }

    @Test
    void aLossOfSomeFilesLeavesThatOfAllOthers() throws HoldfastException {
        kept.lose(Map.of(), true);
        kept.lose(Map.of(7L, "/seven"), false);
        open();
        assertThat(changes.lost()).containsExactly("/seven", ALL);
    }

    @Test
    void aMalformedItemRefusesAllFlushesUntilAllIsAccepted() throws HoldfastException {
        items.commit(List.of(new Item(LossItem.key(7), new byte[] {9})), true);
        open();
        assertThat(changes.lost()).containsExactly(ALL);
        kept.accept(8, "/eight");
        open();
        assertThat(changes.isLost(7)).isTrue();
        assertThat(changes.isLost(8)).isFalse();
        kept.acceptAll();
        assertAllAccepted();
        assertThat(items.tree).isEmpty();
    }

    @Test
    void aFullVolumeOpensWithItemsOfFilesThatAreGone() throws HoldfastException {
        kept.lose(Map.of(7L, "/seven", 99L, "/gone"), false);
        items.full = true;
        open();
        assertThat(changes.lost()).containsExactly("/seven");
        assertThatThrownBy(() -> kept.acceptAll()).hasMessage("full");
        assertThat(changes.lost()).as("nobody forgets what is still kept").containsExactly("/seven");
    }
}
