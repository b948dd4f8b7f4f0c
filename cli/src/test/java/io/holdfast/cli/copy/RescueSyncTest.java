package io.holdfast.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.rescue.Rescue;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a rescue has made is durable when it reports success: every file, and every directory with all of its names. */
@Timeout(60)
class RescueSyncTest {
    @TempDir
    private Path folder;

    /** What each path had when it was synced last: the bytes of a file, the names in a directory. */
    private final Map<Path, Long> synced = new ConcurrentHashMap<>();

    private static long content(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.size(path);
        }
        try (Stream<Path> names = Files.list(path)) {
            return names.count();
        }
    }

    @Test
    void allIsSyncedWithItsLastContent() throws Exception {
        Path device = folder.resolve("volume");
        Path target = folder.resolve("new/deep/target");
        Volumes.format(device, FormatOptions.ofSize(64L << 20));
        try (Volume volume = Volumes.open(device, OpenOptions.readWrite())) {
            volume.mkdir("/empty", CreateOptions.directory());
            volume.mkdir("/d", CreateOptions.directory());
            for (int i = 0; i < 1500; i++) {
                try (StoredFile file = volume.create("/d/" + i, CreateOptions.file())) {
                    file.write(0, MemorySegment.ofArray(new byte[1 + i % 50]));
                }
            }
            volume.link("/d/7", "/link");
            volume.symlink("/symlink", "/d/8");
        }
        try (Volume volume = Volumes.open(device, OpenOptions.rescuing());
                SyncBatch syncs = new SyncBatch((path, channel) -> {
                    assertThat(channel == null).as(path.toString()).isEqualTo(Files.isDirectory(path));
                    synced.put(path, content(path));
                })) {
            Rescue.makeTarget(target, syncs);
            Targets targets = new Targets(device, _ -> () -> {}, syncs);
            Rescue.run(volume, target, targets, syncs, Progress.NONE, Cancellation.none());
        }
        assertThat(synced).containsKeys(folder, folder.resolve("new"), folder.resolve("new/deep"));
        try (Stream<Path> made = Files.walk(target)) {
            for (Path path : made.toList()) {
                // The list of what is lost makes itself durable.
                if (!Files.isSymbolicLink(path) && !path.endsWith("link") && !path.endsWith("LOST.txt")) {
                    assertThat(synced).as(path.toString()).containsEntry(path, content(path));
                }
            }
        }
        assertThat(Files.exists(target.resolve("symlink"), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
    }
}
