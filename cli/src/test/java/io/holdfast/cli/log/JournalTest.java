package io.holdfast.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    private Path folder;

    @Test
    void onlyTheStreamThatTheEnvironmentNamesIsTheJournals() throws IOException {
        Path stream = Files.createFile(folder.resolve("stream"));
        Path other = Files.createFile(folder.resolve("other"));
        String named = Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino");
        assertThat(Journal.reads(named, stream)).isTrue();
        assertThat(Journal.reads(named, other)).isFalse();
        assertThat(Journal.reads(null, stream)).isFalse();
        assertThat(Journal.reads("nonsense", stream)).isFalse();
        assertThat(Journal.reads(named, folder.resolve("none"))).isFalse();
    }
}
