package io.holdfast.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoopFileSystemTest {
    private static final long BYTES = 320L << 20;

    @Test
    void nothingStaysBehindWhileAServerUsesIt() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
        for (String program : List.of("fio", "losetup", "mkfs.xfs")) {
            assumeTrue(!Command.firstLine("which", program).equals("not there"), program + " is not installed");
        }
        Path mounted;
        Path image;
        try (CleanUp cleanUp = new CleanUp()) {
            Scratch scratch = Scratch.in(Path.of("/var/tmp"), cleanUp);
            image = scratch.file("small.disk");
            LoopFileSystem system =
                    LoopFileSystem.mount(scratch, cleanUp, "small", BYTES, List.of("mkfs.xfs", "-q", "-f"), "noatime");
            Path file = system.file("file");
            mounted = file.getParent();

            ServerProcess server = ServerProcess.start(
                    cleanUp,
                    scratch.file("out"),
                    Map.of(),
                    List.of("bash", "-c", "exec 3>" + file + "; sleep 1000 & echo started; wait"));
            server.awaitLine("started");
        }
        assertThat(LoopFileSystem.isMounted(mounted)).isFalse();
        assertThat(Command.run("losetup", "--list", "--noheadings", "--output", "BACK-FILE"))
                .doesNotContain(image.toString());
        assertThat(Files.exists(image)).isFalse();
    }
}
