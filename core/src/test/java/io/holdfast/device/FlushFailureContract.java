package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A flush that really fails: a block device on a sparse file on a file system that is full. Needs root. */
public abstract class FlushFailureContract {
    private static final int BLOCKS = 1024;

    @TempDir
    Path directory;

    private final IoEngine engine;

    protected FlushFailureContract(IoEngine engine) {
        this.engine = engine;
    }

    @Test
    void everyFlushFailsOnceOneHasFailed() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        Tool.Result mounted = Tool.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small.toString());
        if (mounted.status() != 0) {
            System.out.println("SKIPPED: cannot mount: " + mounted.output());
        }
        Assumptions.assumeTrue(mounted.status() == 0, "cannot mount");
        try {
            Path file = small.resolve("image");
            FileDevice.create(file, BLOCKS * 4096L, false).close();
            LoopDevice loop = LoopDevice.on(file).orElse(null);
            Assumptions.assumeTrue(loop != null, "no loop device");
            try (loop;
                    FileDevice device = FileDevice.open(loop.node(), true, false, engine)) {
                overfill(device);
                assertThat(flushAtOnce(device, 8)).containsOnlyOnce(ErrorCode.DEVICE_ERROR);
                assertThat(flushAtOnce(device, 2)).containsOnly(ErrorCode.FAILED);
                assertThatThrownBy(() -> TestBuffers.write(device, 0, TestBuffers.random(1, 1)))
                        .isInstanceOfSatisfying(
                                HoldfastException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED))
                        .hasMessageContaining(loop.node() + " takes no more writes since a flush failed");
            }
        } finally {
            Tool.run("umount", small.toString());
        }
    }

    /** Into the page cache, where there is room. */
    private static void overfill(FileDevice device) throws HoldfastException {
        for (int block = 0; block < BLOCKS; block += TestBuffers.BLOCKS_MAX) {
            TestBuffers.write(device, block, TestBuffers.random(block, TestBuffers.BLOCKS_MAX));
        }
    }

    /** Returns the errors of several flushes at the same time; all of them must fail. */
    private static List<ErrorCode> flushAtOnce(FileDevice device, int count) throws Exception {
        List<ErrorCode> errors = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ErrorCode>> results = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                results.add(executor.submit(() -> {
                    try {
                        device.flush();
                        throw new AssertionError("a flush reported success");
                    } catch (HoldfastException e) {
                        return e.code();
                    }
                }));
            }
            for (Future<ErrorCode> result : results) {
                errors.add(result.get());
            }
        }
        return errors;
    }
}
