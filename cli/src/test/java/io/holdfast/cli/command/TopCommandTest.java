package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.cli.metrics.Rates;
import io.holdfast.cli.metrics.ServerReadings;
import io.holdfast.concurrent.Latencies;
import io.holdfast.nbd.NbdCounters;
import io.holdfast.nbd.NbdMetrics;
import io.holdfast.volume.LatencyCounts;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeMetrics;
import io.holdfast.volume.VolumeUsage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopCommandTest {
    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() {
        home = new Household(folder).formatted();
    }

    @AfterEach
    void stop() throws IOException {
        home.close();
    }

    @Test
    void ofAVolumeThatNobodyServesThereIsNothingToShow() {
        Result result = home.run("top", "VOLUME", "--once");
        assertThat(result.status()).isEqualTo(5);
        assertThat(result.err()).contains("nobody serves " + home.volume, "start 'holdfast serve'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                top VOLUME -n 0        | --count is at least 1
                top VOLUME --once -n 2 | --once is --count 1; give one of them
                """)
    void misuseIsSaidInWords(String line, String message) {
        Result result = home.run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains(message);
    }

    private static ServerReadings readings(Latencies writes, long written, boolean failed) {
        NbdMetrics nbd = new NbdMetrics(
                new NbdCounters(2, 2, 0, 0, 0, 0, written),
                List.of(new NbdMetrics.Operation("write", LatencyCounts.of(writes))),
                List.of(),
                new NbdMetrics.Export("", Map.of(), 0, 0, 0));
        VolumeMetrics metrics = new VolumeMetrics(
                new VolumeMetrics.Cache(4096, 8192, 4096, 8192),
                new VolumeMetrics.Log(1 << 20, 1 << 30, 5, 65536),
                new VolumeMetrics.Checkpoint(false, 2_000_000_000, LatencyCounts.NONE),
                new VolumeMetrics.Groups(1, 1, 0),
                new VolumeMetrics.Device(0, 0, 0, LatencyCounts.NONE),
                new VolumeMetrics.Throttling(LatencyCounts.NONE, LatencyCounts.NONE),
                new VolumeMetrics.Reading(0, 0, 0, 0, 0),
                List.of());
        return new ServerReadings(
                false,
                failed,
                1,
                0,
                new VolumeUsage(64 << 20, 0, 1 << 20, 0, 63 << 20, 4096),
                Optional.empty(),
                new VolumeCounters(0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0),
                Optional.of(metrics),
                List.of(),
                Optional.empty(),
                Optional.of(new ServerReadings.Doors(nbd, 100, 0, 1 << 20)));
    }

    private static Rates rates(boolean failed) {
        Latencies writes = new Latencies();
        writes.add(1_000_000_000);
        ServerReadings before = readings(writes, 4096, false);
        for (int i = 0; i < 200; i++) {
            writes.add(i == 0 ? 60_000_000_000L : 100_000);
        }
        return new Rates(before, readings(writes, 4096 + 8_388_608, failed), 2_000_000_000);
    }

    private static String shown(boolean screen, boolean color, Rates rates) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        TopView view = new TopView(Path.of("v"), screen, color);
        view.show(out, rates);
        view.show(out, rates);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void inAPipeItIsALineEachTime() {
        List<String> lines = shown(false, false, rates(false)).lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst().strip().split(" +")).hasSize(14).contains("reads/s", "w-p99", "free");
        // What was counted before the first reading does not count.
        assertThat(lines.get(1).strip().split(" +"))
                .containsExactly(
                        "0.0", "100", "0.0", "0B", "4MiB", "-", "-", "115µs", "115µs", "-", "4KiB", "1MiB", "63MiB",
                        "0");
        assertThat(lines.get(2)).isEqualTo(lines.get(1));
    }

    @Test
    void onAScreenItFillsTheScreenAndStressesOnlyIfItMay() {
        assertThat(shown(true, true, rates(true))).contains("\033[H\033[J", "\033[1;31mFAILED", "2 of 100 connections");
        assertThat(shown(true, false, rates(true)))
                .contains("\033[H\033[J", "\nFAILED")
                .doesNotContain("\033[1");
        assertThat(shown(true, false, rates(false))).contains("63 MiB of 64 MiB", "jobs        none");
    }

    @Test
    void forProgramsItIsAnObject() {
        Map<String, Object> json = TopView.json(rates(false));
        assertThat(json).containsEntry("written_bytes_per_second", 4194304.0).containsEntry("connections", 2);
        assertThat(json.get("write")).asString().contains("count=200", "per_second=100.0");
    }
}
