package io.holdfast.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SyncBatchTest {
    private final ConcurrentLinkedQueue<Path> synced = new ConcurrentLinkedQueue<>();

    private static Path path(int i) {
        return Path.of("/directory/file" + i);
    }

    @TempDir
    private Path folder;

    private FileChannel open(int i) throws IOException {
        return FileChannel.open(folder.resolve("file" + i), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    @Test
    void allIsSyncedOnceInTheEnd() throws IOException {
        List<Path> added = new ArrayList<>();
        try (SyncBatch batch = new SyncBatch((path, _) -> synced.add(path))) {
            for (int i = 0; i < SyncBatch.DIRECTORIES_MAX; i++) {
                batch.addDirectory(path(i));
                added.add(path(i));
            }
            batch.addDirectory(path(7));
            assertThat(synced).isEmpty();
            batch.addDirectory(folder);
            assertThat(synced).hasSize(SyncBatch.DIRECTORIES_MAX);
            batch.sync();
            batch.sync();
        }
        added.add(folder);
        assertThat(synced).containsExactlyInAnyOrderElementsOf(added);
    }

    /** An error of the kernel's own writing is told through this channel alone. */
    @Test
    void aFileIsSyncedThroughTheChannelThatWroteIt() throws IOException {
        ConcurrentHashMap<Path, FileChannel> through = new ConcurrentHashMap<>();
        Map<Path, FileChannel> added = new HashMap<>();
        try (SyncBatch batch = new SyncBatch((path, channel) -> {
            assertThat(channel).isNotNull();
            assertThat(channel.isOpen()).isTrue();
            through.put(path, channel);
        })) {
            for (int i = 0; i <= SyncBatch.OPEN_MAX; i++) {
                FileChannel channel = open(i);
                added.put(path(i), channel);
                batch.addFile(path(i), channel, 1);
            }
            assertThat(through).hasSize(SyncBatch.OPEN_MAX);
            batch.sync();
            assertThat(through).isEqualTo(added);
            assertThat(added.values()).noneMatch(FileChannel::isOpen);
        }
    }

    @Test
    void manyBytesAreSyncedBeforeMoreAreAdded() throws IOException {
        try (SyncBatch batch = new SyncBatch((path, _) -> synced.add(path))) {
            batch.addFile(path(0), open(0), SyncBatch.BYTES_MAX);
            assertThat(synced).isEmpty();
            batch.addFile(path(1), open(1), 1);
            assertThat(synced).containsExactly(path(0));
        }
    }

    @Test
    void aFailureNamesThePathAndKeepsNoOtherFromBeingSynced() throws IOException {
        FileChannel failing = open(1);
        try (SyncBatch batch = new SyncBatch((path, _) -> {
            synced.add(path);
            if (path.equals(path(1))) {
                throw new IOException("Input/output error");
            }
        })) {
            assertThatThrownBy(() -> {
                        batch.addFile(path(0), open(0), 1);
                        batch.addFile(path(1), failing, 1);
                        batch.addDirectory(path(2));
                        batch.sync();
                    })
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessage("/directory/file1: cannot be made durable: Input/output error");
            assertThat(synced).hasSize(3);
        }
        assertThat(failing.isOpen()).isFalse();
    }

    @Test
    void filesThatWereNotSyncedAreClosed() throws IOException {
        FileChannel left = open(0);
        try (SyncBatch batch = new SyncBatch()) {
            batch.addFile(path(0), left, 1);
        }
        assertThat(left.isOpen()).isFalse();
    }
}
