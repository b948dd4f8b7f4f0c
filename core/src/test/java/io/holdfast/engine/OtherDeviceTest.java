package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.device.MemoryProvider;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeClaim;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Volumes on a kind of device that the engine does not know: {@link MemoryProvider}, a service. */
class OtherDeviceTest {
    private static final String NAME = "other";
    private static final URI DEVICE = URI.create("memory:" + NAME);
    private static final FormatOptions SMALL = FormatOptions.ofSize(Volume.MIN_SIZE);
    private static final OpenOptions WRITE = OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY);

    @TempDir
    private Path folder;

    @AfterEach
    void forget() {
        MemoryProvider.forget(NAME);
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(call)
                .extracting(HoldfastException::code)
                .isEqualTo(code);
    }

    @Test
    void isFormattedOpenedAndChecked() throws IOException {
        Volumes.format(DEVICE, SMALL);
        byte[] content = {1, 2, 3};
        try (Volume volume = Volumes.open(DEVICE, WRITE)) {
            assertThat(volume.storage()).contains(Volumes.storageAt(DEVICE));
            try (StoredFile file = volume.create("/f", CreateOptions.file())) {
                file.write(0, MemorySegment.ofArray(content));
            }
        }
        try (Volume volume = Volumes.open(DEVICE, OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY));
                StoredFile file = volume.open("/f")) {
            byte[] found = new byte[3];
            assertThat(file.read(0, MemorySegment.ofArray(found))).isEqualTo(3);
            assertThat(found).isEqualTo(content);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void whatIsThereIsOverwrittenOnlyByForce() throws IOException {
        Volumes.format(DEVICE, FormatOptions.ofSize(2 * Volume.MIN_SIZE));
        assertFails(ErrorCode.NOT_EMPTY_DEVICE, () -> Volumes.format(DEVICE, SMALL));
        Volumes.format(DEVICE, SMALL.withForce(true));
        try (Volume volume = Volumes.open(DEVICE, WRITE)) {
            assertThat(volume.info().size()).isEqualTo(Volume.MIN_SIZE);
            assertThat(volume.check(Progress.NONE).problems()).isEmpty();
        }
    }

    @Test
    void whoHasItKeepsOthersOff() throws IOException {
        Volumes.format(DEVICE, SMALL);
        try (Volume _ = Volumes.open(DEVICE, WRITE)) {
            assertFails(ErrorCode.HELD, () -> Volumes.open(DEVICE, OpenOptions.reading()));
            assertFails(ErrorCode.HELD, () -> Volumes.format(DEVICE, SMALL.withForce(true)));
            assertFails(ErrorCode.HELD, () -> Volumes.claim(DEVICE));
        }
        try (VolumeClaim _ = Volumes.claim(DEVICE)) {
            assertFails(ErrorCode.HELD, () -> Volumes.open(DEVICE, WRITE));
        }
        Volumes.open(DEVICE, WRITE).close();
    }

    @Test
    void aFailedFormatLeavesNothingBehind() {
        assertFails(ErrorCode.INVALID, () -> Volumes.format(DEVICE, FormatOptions.ofSize(0)));
        assertThat(MemoryProvider.exists(NAME)).isFalse();
        assertFails(ErrorCode.NOT_FOUND, () -> Volumes.open(DEVICE, WRITE));
        assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> Volumes.storageAt(DEVICE));
    }

    @Test
    void aSchemeThatNobodyHasSaysWhichThereAre() {
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> Volumes.open(URI.create("s3://bucket/volume"), WRITE))
                .withMessage("s3://bucket/volume: no device has the scheme 's3:'; use one of: file:, memory:")
                .extracting(HoldfastException::code)
                .isEqualTo(ErrorCode.INVALID);
        assertFails(ErrorCode.INVALID, () -> Volumes.open(URI.create("memory:/is/a/path"), WRITE));
    }

    @Test
    void aPathMeansAFile() throws IOException {
        Path path = folder.resolve("ein Volume ü");
        Volumes.format(path, SMALL);
        String storage = Volumes.storageAt(path);
        assertThat(Volumes.storageAt(path.toUri())).isEqualTo(storage);
        assertThat(Volumes.storageAt(URI.create(path.toUri().getRawPath()))).isEqualTo(storage);
        assertThat(Volumes.storageAt(URI.create("FILE:" + path.toUri().getRawPath())))
                .isEqualTo(storage);
        try (Volume volume = Volumes.open(path.toUri(), WRITE)) {
            assertThat(volume.storage()).contains(storage);
            assertFails(ErrorCode.HELD, () -> Volumes.open(path, WRITE));
        }
    }

    @Test
    void aUriOfAFileIsAPathAndNoMore() {
        for (String uri :
                new String[] {"file:/f?query", "file:/f#part", "file://host/f", "/f?query", "//host/f", "#part"}) {
            assertFails(ErrorCode.INVALID, () -> Volumes.open(URI.create(uri), WRITE));
        }
        // Relative to the working directory, which has no such file.
        assertFails(ErrorCode.NOT_FOUND, () -> Volumes.open(URI.create("file:no-such-volume"), WRITE));
        assertFails(ErrorCode.NOT_FOUND, () -> Volumes.open(URI.create("no-such-volume"), WRITE));
    }
}
