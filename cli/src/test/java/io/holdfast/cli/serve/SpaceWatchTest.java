package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.log.LogFormat;
import io.holdfast.cli.log.ServerLog;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.cli.space.SpaceWarning;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.VolumeUsage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Each crossing of a level is one line, and what goes up and down around a level is no second one. */
class SpaceWatchTest {
    private static final int EMPTY = 0;

    /** Returns the lines that a server logs while the volume and the host have these percentages, one after another. */
    private static List<String> logged(int[] volume, int[] host) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ServerLog _ = ServerLog.open(new PrintStream(bytes, true, StandardCharsets.UTF_8), LogFormat.TEXT)) {
            SpaceWatch watch = new SpaceWatch();
            for (int i = 0; i < volume.length; i++) {
                watch.look(report(volume[i], host[i]));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.replaceFirst("^.* warning space: ", ""))
                .toList();
    }

    private static SpaceReport report(int volume, int host) {
        List<SpaceWarning> warnings = new ArrayList<>();
        if (volume >= 80) {
            warnings.add(new SpaceWarning(SpaceWarning.Kind.VOLUME_FULL, "volume " + volume));
        }
        if (host >= 80) {
            warnings.add(new SpaceWarning(SpaceWarning.Kind.HOST_FULL, "host " + host));
        }
        if (host < 0) {
            warnings.add(new SpaceWarning(SpaceWarning.Kind.HOST_UNKNOWN, "no answer"));
        }
        return new SpaceReport(
                new VolumeUsage(100, volume, 0, 0, 100L - volume, 0),
                host < 0 ? Optional.empty() : Optional.of(new HostSpace(100, host, 100L - host, 0, false)),
                warnings);
    }

    private static int[] still(int percent, int length) {
        int[] all = new int[length];
        java.util.Arrays.fill(all, percent);
        return all;
    }

    @Test
    void aVolumeThatFillsIsTwoLines() {
        int[] volume = {10, 79, 80, 85, 89, 90, 99, 100};
        assertThat(logged(volume, still(EMPTY, volume.length))).containsExactly("volume 80", "volume 90");
    }

    @Test
    void theHostHasItsOwnLevels() {
        int[] host = {81, 81, 95};
        assertThat(logged(new int[] {85, 86, 87}, host)).containsExactly("volume 85", "host 81", "host 95");
    }

    @Test
    void aVolumeThatIsFullFromTheBeginningIsOneLine() {
        assertThat(logged(new int[] {97, 97}, still(EMPTY, 2))).containsExactly("volume 97");
    }

    @Test
    void aLevelIsLoggedAgainOnlyWhenItWasLeftByAFewPercent() {
        int[] volume = {80, 79, 80, 77, 80, 76, 80, 90, 87, 90, 86, 90, 0, 90};
        assertThat(logged(volume, still(EMPTY, volume.length)))
                .containsExactly("volume 80", "volume 80", "volume 90", "volume 90", "volume 90");
    }

    @Test
    void aHostThatDoesNotTellIsOneLineEachTime() {
        int[] host = {10, -1, -1, 10, -1};
        assertThat(logged(still(EMPTY, host.length), host)).containsExactly("no answer", "no answer");
    }
}
