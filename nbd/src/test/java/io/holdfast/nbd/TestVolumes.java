package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.engine.Volumes;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the volumes for the tests of this module. */
public final class TestVolumes {
    /** Sparse: takes no more than what is written. */
    private static final long SIZE = 1L << 30;

    private TestVolumes() {}

    /** Returns an empty volume in a file of its own. Closing it checks all of it and deletes the file. */
    public static Volume open() {
        try {
            Path directory = Files.createTempDirectory("holdfast");
            Path file = directory.resolve("volume");
            Volumes.format(file, FormatOptions.ofSize(SIZE));
            return deletedAtTheEnd(Volumes.open(file, OpenOptions.readWrite()), directory, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Volume deletedAtTheEnd(Volume volume, Path directory, Path file) {
        return (Volume) Proxy.newProxyInstance(
                Volume.class.getClassLoader(), new Class<?>[] {Volume.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        close(volume, directory, file);
                        return null;
                    }
                    try {
                        return method.invoke(volume, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void close(Volume volume, Path directory, Path file) throws IOException {
        try (volume) {
            if (volume.failure().isEmpty()) {
                assertThat(volume.check(Progress.NONE).problems()).isEmpty();
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(directory.resolve("volume.lock"));
            Files.deleteIfExists(directory);
        }
    }
}
