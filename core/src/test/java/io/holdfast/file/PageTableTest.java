package io.holdfast.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Layout;
import io.holdfast.space.SpaceManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageTableTest {
    private final PageCache cache = new PageCache(1 << 20, new SpaceManager(new Layout(4096)));
    private final PageTable table = new PageTable();

    @AfterEach
    void close() {
        cache.close();
    }

    private Page page(long block) throws Exception {
        Page page = cache.allocate(true);
        page.lock.lock();
        page.begin(null, block);
        page.lock.unlock();
        return page;
    }

    private void giveUp(Page page) {
        page.die();
        page.giveUp();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 16, 4099, 1L << 34, (1L << 40) + 17})
    void holdsWhatAMapWouldHold(long stride) throws Exception {
        SplittableRandom random = new SplittableRandom(stride);
        Map<Long, Page> model = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            long block = random.nextInt(150) * stride;
            Page there = model.get(block);
            switch (random.nextInt(4)) {
                case 0 -> {
                    Page page = page(block);
                    assertThat(table.add(page)).isEqualTo(there == null);
                    if (there == null) {
                        model.put(block, page);
                    } else {
                        giveUp(page);
                    }
                }
                case 1 -> {
                    if (there != null) {
                        table.remove(there);
                        model.remove(block);
                        giveUp(there);
                    }
                }
                case 2 -> {
                    if (there != null) {
                        Page by = page(block);
                        assertThat(table.replace(there, by)).isTrue();
                        assertThat(table.replace(there, by)).isFalse();
                        model.put(block, by);
                        giveUp(there);
                    }
                }
                default -> {
                    assertThat(table.contains(block)).isEqualTo(there != null);
                    Page found = table.pin(block);
                    assertThat(found).isSameAs(there);
                    if (found != null) {
                        found.unpin();
                    }
                }
            }
            assertThat(table.size()).isEqualTo(model.size());
        }
        Set<Long> blocks = new HashSet<>();
        table.forEachBlock(blocks::add);
        assertThat(blocks).isEqualTo(model.keySet());
        assertThat(table.isEmpty()).isEqualTo(model.isEmpty());
    }

    @Test
    void returnsThePageThatIsThereAndPinsIt() throws Exception {
        Page first = page(7);
        assertThat(table.addOrPin(first)).isNull();
        assertThat(table.addOrPin(page(7))).isSameAs(first);
        assertThat(first.isPinned()).isTrue();
        first.unpin();
        assertThat(first.isPinned()).isFalse();
    }

    /** A page that somebody waits for must not become another block's. */
    @Test
    void aPinnedPageIsFreedWithItsLastPin() throws Exception {
        Page page = page(7);
        table.add(page);
        page.pin();
        page.pin();
        table.remove(page);
        giveUp(page);
        Set<Page> others = new HashSet<>();
        while (others.size() < 255) {
            others.add(page(100 + others.size()));
        }
        assertThat(others).doesNotContain(page);
        page.unpin();
        assertThat(page.isPinned()).isTrue();
        page.unpin();
        assertThat(page(8)).isSameAs(page);
    }

    /** Each thread adds, finds, replaces and removes at the same blocks; every page must be one block's at a time. */
    @Test
    void threadsNeverGetAnotherBlocksPage() throws Exception {
        List<Future<Void>> results = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            SplittableRandom random = new SplittableRandom(t);
            FutureTask<Void> result = new FutureTask<>(() -> {
                for (int i = 0; i < 50_000; i++) {
                    useBlock(random.nextInt(64), random);
                }
                return null;
            });
            results.add(result);
            Thread.ofPlatform().start(result);
        }
        for (Future<Void> result : results) {
            result.get();
        }
        List<Long> left = new ArrayList<>();
        table.forEachBlock(left::add);
        assertThat(left).hasSize(table.size()).doesNotHaveDuplicates();
    }

    private void useBlock(long block, SplittableRandom random) throws Exception {
        Page page = table.pin(block);
        if (page == null) {
            Page made = cache.allocate(true);
            made.lock.lock();
            made.begin(null, block);
            if (!table.add(made)) {
                made.die();
                made.lock.unlock();
                made.giveUp();
                return;
            }
            made.lock.unlock();
            return;
        }
        page.lock.lock();
        page.unpin();
        if (page.isDead()) {
            page.lock.unlock();
            return;
        }
        assertThat(page.block).isEqualTo(block);
        if (random.nextInt(3) == 0) {
            page.die();
            table.remove(page);
            page.lock.unlock();
            page.giveUp();
        } else {
            page.lock.unlock();
        }
    }
}
