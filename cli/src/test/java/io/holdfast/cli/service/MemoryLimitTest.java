package io.holdfast.cli.service;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The limit of a service's control group, in a tree of files as the kernel has it. */
class MemoryLimitTest {
    private static final Map<String, String> SERVICE = Map.of("NOTIFY_SOCKET", "/run/notify");
    private static final long GIB = 1L << 30;

    @TempDir
    private Path root;

    private Path group;

    @BeforeEach
    void makeTree() throws IOException {
        group = Files.createDirectories(root.resolve("sys/fs/cgroup/system.slice/holdfast@vms.service"));
        Files.createDirectories(root.resolve("proc/self"));
        Files.writeString(root.resolve("proc/self/cgroup"), "0::/system.slice/holdfast@vms.service\n");
        Files.writeString(group.resolve("memory.max"), "2147483648\n");
    }

    @Test
    void whatFitsIsTaken() {
        MemoryLimit.require(GIB, GIB / 4, SERVICE, root);
    }

    @Test
    void whatDoesNotFitIsRefusedWithWhatToDo() {
        assertThatThrownBy(() -> MemoryLimit.require(4 * GIB, GIB / 4, SERVICE, root))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--memory 4 GiB")
                .hasMessageContaining("this service may use 2 GiB")
                .hasMessageContaining("MemoryMax=");
    }

    @Test
    void theLimitOfASliceCounts() throws IOException {
        Files.writeString(group.resolve("memory.max"), "max\n");
        MemoryLimit.require(4 * GIB, 0, SERVICE, root);
        Files.writeString(group.resolveSibling("memory.max"), "1073741824\n");
        assertThatThrownBy(() -> MemoryLimit.require(GIB, 0, SERVICE, root)).hasMessageContaining("may use 1 GiB");
    }

    @Test
    void nobodyIsAskedOutsideOfAService() throws IOException {
        MemoryLimit.require(4 * GIB, 0, Map.of(), root);
        Files.delete(root.resolve("proc/self/cgroup"));
        MemoryLimit.require(4 * GIB, 0, SERVICE, root);
    }
}
