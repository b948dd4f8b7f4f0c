package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.device.MemoryDevice;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Checks of volumes with so little memory that single blocks are known of one group at a time, or of a few. */
final class ManyPasses {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));
    private static final long DISCARD_PASS = Long.MAX_VALUE / 4;

    private ManyPasses() {}

    /** Returns what a volume is opened with whose checks have so many bytes; 0 is enough for one group. */
    static VolumeOnDevice.Environment environment(int groupLog2, long checkSets) {
        return new VolumeOnDevice.Environment(CLOCK, new Random(6), Timing.SYSTEM, groupLog2, DISCARD_PASS, checkSets);
    }

    /** Checks an image that nobody has open, with the least memory that there can be. */
    static CheckReport check(MemoryDevice device, int groupLog2) throws Exception {
        OpenOptions options = OpenOptions.reading().withMemory(OpenOptions.MIN_MEMORY);
        try (Volume volume = VolumeOnDevice.open(device.copy(), options, environment(groupLog2, 0))) {
            return volume.check(Progress.NONE);
        }
    }

    /**
     * Requires that another report has the same findings, in any order. It may have more about data: where two pointers lead to a block, one pass
     * reads it for the first one only.
     */
    static void requireSame(CheckReport inOnePass, CheckReport inMany) {
        List<CheckReport.Problem> more = new ArrayList<>(inMany.problems());
        assertThat(more).containsAll(inOnePass.problems());
        inOnePass.problems().forEach(more::remove);
        boolean usedTwice =
                inOnePass.problems().stream().anyMatch(p -> p.message().contains("is used twice"));
        if (usedTwice) {
            assertThat(more).allMatch(problem -> problem.structure().equals("data"));
        } else {
            assertThat(more).isEmpty();
            assertThat(inMany.blocksVerified()).isEqualTo(inOnePass.blocksVerified());
            assertThat(inMany.blocksUnverified()).isEqualTo(inOnePass.blocksUnverified());
            assertThat(inMany.metadataBlocks()).isEqualTo(inOnePass.metadataBlocks());
        }
        assertThat(inMany.problemCount() - more.size()).isEqualTo(inOnePass.problemCount());
        assertThat(inMany.files()).isEqualTo(inOnePass.files());
        assertThat(inMany.directories()).isEqualTo(inOnePass.directories());
        assertThat(inMany.unproven()).isEqualTo(inOnePass.unproven());
    }
}
