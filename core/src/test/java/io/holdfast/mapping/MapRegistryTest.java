package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.format.Layout;
import io.holdfast.format.MapEntry;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.node.NodeReader;
import io.holdfast.space.SpaceManager;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A map whose root is read slowly keeps nobody waiting but those who want that map. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MapRegistryTest {
    private static final long STALLED = 7;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private volatile boolean unreadable;

    private final NodeReader noNodes = (pointer, structure) -> {
        throw new IllegalStateException("no map has a node");
    };
    private final MapRegistry maps =
            new MapRegistry(noNodes, new SpaceManager(new Layout(4096)), new ChangeMemory(), new StalledItems());

    /** Has no item; saying so of one takes until it may go on. */
    private final class StalledItems implements MetadataStore {
        @Override
        public byte[] get(byte[] key) throws HoldfastException {
            if (Arrays.equals(key, MapItems.mapKey(STALLED))) {
                asked.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                if (unreadable) {
                    throw new HoldfastException(ErrorCode.DEVICE_ERROR, "unreadable");
                }
            }
            return null;
        }

        @Override
        public List<Item> scan(byte[] from, byte[] to, int limit) {
            return List.of();
        }

        @Override
        public List<Item> scanKnown(byte[] from, byte[] to, int limit) {
            return List.of();
        }

        @Override
        public long inodesBelow() {
            return 0;
        }

        @Override
        public void commit(List<Item> changes, boolean freesSpace) {
            throw new IllegalStateException("nothing is committed");
        }
    }

    @Test
    void nobodyElseWaitsForARootThatIsBeingRead() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<BlockMap> first = threads.submit(() -> maps.acquire(STALLED));
            asked.await();
            Future<BlockMap> second = threads.submit(() -> maps.acquire(STALLED));
            // What the log does under its lock, and what other files need.
            BlockMap other = maps.acquire(8);
            assertThat(maps.find(8)).isSameAs(other);
            assertThat(maps.find(STALLED)).isNull();
            other.putRange(0, 1, MapEntry.UNWRITTEN);
            assertThat(maps.freezeAll()).containsOnlyKeys(8L);
            maps.release(8);
            assertThat(maps.acquireNew(9)).isNotNull();
            assertThat(first.isDone() || second.isDone()).isFalse();
            goOn.countDown();
            assertThat(first.get()).isSameAs(second.get()).isSameAs(maps.find(STALLED));
        }
        maps.release(STALLED);
        maps.release(STALLED);
        assertThat(maps.find(STALLED)).isNull();
    }

    @Test
    void aMapThatIsMadeMeanwhileIsTheOne() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<BlockMap> reading = threads.submit(() -> maps.acquire(STALLED));
            asked.await();
            BlockMap made = maps.acquireNew(STALLED);
            goOn.countDown();
            assertThat(reading.get()).isSameAs(made).isSameAs(maps.find(STALLED));
        }
    }

    @Test
    void aRootThatCannotBeReadLeavesNothingBehind() throws Exception {
        unreadable = true;
        goOn.countDown();
        assertThatThrownBy(() -> maps.acquire(STALLED)).hasMessage("unreadable");
        assertThat(maps.find(STALLED)).isNull();
        unreadable = false;
        assertThat(maps.acquire(STALLED)).isSameAs(maps.find(STALLED));
    }
}
