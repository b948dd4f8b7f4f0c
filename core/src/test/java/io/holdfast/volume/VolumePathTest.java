package io.holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.engine.Volumes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.Path;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VolumePathTest {
    @TempDir
    private Path folder;

    private static AbstractThrowableAssert<?, ?> assertRefused(ErrorCode code, ThrowingCallable call) {
        return assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @ParameterizedTest
    @CsvSource({
        "/, /, true",
        "//, /, true",
        "a, /a, false",
        "/a/b, /a/b, false",
        "//a//b, /a/b, false",
        "a/, /a, true",
        "/...//.x/, /.../.x, true"
    })
    void hasOneFormOfEachPath(String given, String path, boolean directory) throws HoldfastException {
        assertThat(VolumePath.parse(given)).isEqualTo(new VolumePath(path, directory));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "./a", "/a/..", "/a/./b", "a//../b"})
    void refusesWhatNeedsAWorkingDirectory(String given) {
        assertRefused(ErrorCode.INVALID, () -> VolumePath.parse(given)).hasMessageContaining("root directory");
    }

    @Test
    void saysWhichNameIsWrong() {
        assertRefused(ErrorCode.INVALID, () -> VolumePath.parse("/vms/a\0b"))
                .hasMessageContaining("'a\\x00b' has a NUL");
        assertRefused(ErrorCode.INVALID, () -> VolumePath.parse("/vms/a\ud800"))
                .hasMessageContaining("'a\\u{d800}' has half of a surrogate pair");
        assertRefused(ErrorCode.INVALID, () -> VolumePath.parse("/\n/..")).hasMessageNotContaining("\n");
    }

    @Test
    void aSlashAtTheEndMeansADirectory() throws IOException {
        Path file = folder.resolve("v");
        Volumes.format(file, FormatOptions.ofSize(Volume.MIN_SIZE));
        try (Volume volume = Volumes.open(file, OpenOptions.readWrite())) {
            volume.mkdir("/d", CreateOptions.directory());
            volume.create("/f", CreateOptions.file()).close();
            for (String there : new String[] {"/", "/d", "/d/", "/f"}) {
                assertThat(volume.status(VolumePath.parse(there).in(volume)).links())
                        .as(there)
                        .isPositive();
            }
            assertRefused(
                    ErrorCode.NOT_A_DIRECTORY, () -> VolumePath.parse("/f/").in(volume));
            assertRefused(ErrorCode.NOT_FOUND, () -> VolumePath.parse("/x/").in(volume));
        }
        assertThat(VolumePath.parse("/f").ofFile()).isEqualTo("/f");
        assertRefused(ErrorCode.IS_A_DIRECTORY, () -> VolumePath.parse("/f/").ofFile());
        assertRefused(ErrorCode.IS_A_DIRECTORY, () -> VolumePath.parse("/").ofFile());
    }
}
