package io.holdfast.bench.fio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FioJobTest {
    private static final FioTarget TARGET = new FioTarget.Nbd(Path.of("/run/s"), "disk");

    @Test
    void theEngineComesBeforeWhatOnlyItUnderstands() {
        List<String> command = FioJob.of("randwrite", 4096, 32).command(TARGET);
        assertThat(command.indexOf("--ioengine=nbd"))
                .isPositive()
                .isLessThan(command.indexOf("--uri=nbd+unix:///disk?socket=/run/s"));
    }

    @Test
    void optionsAddUpAndTheJobStaysAsItIs() {
        FioJob job = FioJob.of("randwrite", 4096, 32);
        FioJob limited = job.lasting(0.7).limitedTo(5000);
        assertThat(limited.command(TARGET)).contains("--runtime=700ms", "--time_based=1", "--rate_iops=5000");
        assertThat(job.command(TARGET)).noneMatch(option -> option.startsWith("--runtime"));
    }

    @Test
    void aLogHasOneFlushAfterEverySoManyWrites(@TempDir Path folder) throws IOException {
        Path log = folder.resolve("log");
        IoLog.write(log, TARGET, 1 << 20, 4096, 100, 32);
        List<String> lines = Files.readAllLines(log);
        assertThat(lines)
                .startsWith("fio version 2 iolog", "nbd add", "nbd open")
                .endsWith("nbd close");
        List<String> actions = lines.subList(3, lines.size() - 1);
        for (int i = 0; i < actions.size(); i++) {
            assertThat(actions.get(i)).startsWith(i % 33 == 32 ? "nbd sync" : "nbd write ");
        }
        assertThat(actions.stream().filter(a -> a.startsWith("nbd write")).toList())
                .hasSize(100)
                .allMatch(
                        a -> Long.parseLong(a.split(" ")[2]) % 4096 == 0 && Long.parseLong(a.split(" ")[2]) < 1 << 20);
    }
}
