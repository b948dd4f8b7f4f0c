package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.metadata.ItemStore;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Changes of names and attributes alone, with no data written, take a bounded part of the heap: they wait for checkpoints. */
@Timeout(180)
class ItemRoomTest {
    private static final int THREADS = 4;
    private static final int FILES = 2500;
    private static final int VALUES = 3;
    private static final int VALUE_BYTES = 1000;

    @TempDir
    private Path folder;

    @Test
    void namesAndAttributesWaitForCheckpoints() throws Exception {
        Path path = folder.resolve("volume");
        Volumes.format(path, FormatOptions.ofSize(256L << 20));
        OpenOptions options = OpenOptions.readWrite().withMemory(16L << 20);
        try (StoredVolume volume = (StoredVolume) Volumes.open(path, options);
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                String prefix = "/" + i + "-";
                running.add(threads.submit(() -> {
                    change(volume, prefix);
                    return null;
                }));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
            assertThat((long) THREADS * FILES * VALUES * VALUE_BYTES).isGreaterThan(ItemStore.BYTES_MAX);
            assertThat(volume.counters().checkpoints()).isPositive();
        }
        try (StoredVolume volume = (StoredVolume) Volumes.open(path, options)) {
            for (int i = 0; i < THREADS; i++) {
                for (int file = 0; file < FILES; file += 100) {
                    assertThat(volume.getXattr("/" + i + "-" + file, "user.value2"))
                            .isEqualTo(value(file));
                }
            }
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    private static void change(StoredVolume volume, String prefix) throws Exception {
        for (int file = 0; file < FILES; file++) {
            volume.create(prefix + file, CreateOptions.file()).close();
            for (int i = 0; i < VALUES; i++) {
                volume.setXattr(prefix + file, "user.value" + i, value(file));
            }
            // Each thread may have come in with the last room there was.
            assertThat(volume.itemBytes())
                    .isLessThanOrEqualTo(ItemStore.BYTES_MAX + THREADS * (long) MetadataStore.COMMIT_BYTES_MAX);
        }
    }

    private static byte[] value(int file) {
        byte[] value = new byte[VALUE_BYTES];
        Arrays.fill(value, (byte) file);
        return value;
    }
}
