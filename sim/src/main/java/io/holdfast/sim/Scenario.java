package io.holdfast.sim;

import io.holdfast.inject.Guard;
import io.holdfast.sim.disk.FaultKind;
import io.holdfast.volume.ChecksumAlgorithm;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What one simulation is made of. A seed gives a whole scenario; each part can then be made smaller by itself, since
 * every part of a run draws from a random stream of its own.
 *
 * @param operations calls by all clients together
 * @param fileBlocks no file grows beyond
 * @param volumeBlocks small ones are full soon, and use freed blocks again soon
 * @param crashEvery one power cut in about so many operations; 0 for none
 * @param faults what goes wrong with the disk
 * @param faultEvery one fault in about so many I/Os
 * @param tight the volume may be full
 * @param pausing one injection point in so many yields or delays; fewer make longer uninterrupted runs
 * @param priorities threads have priorities that change now and then; otherwise all are alike
 * @param off guards that are taken away
 */
public record Scenario(
        long seed,
        int clients,
        int operations,
        int sharedFiles,
        int fileBlocks,
        int volumeBlocks,
        int crashEvery,
        List<FaultKind> faults,
        int faultEvery,
        boolean tight,
        int pausing,
        boolean priorities,
        ChecksumAlgorithm checksum,
        Set<Guard> off) {
    /** Bytes of memory the volume gets: as few as make the cache evict pages. */
    public static final long MEMORY = 1 << 20;

    private static final List<FaultKind> FAILURES = List.of(
            FaultKind.WRITE_ERROR,
            FaultKind.HOST_FULL,
            FaultKind.FLUSH_ERROR,
            FaultKind.VANISH,
            FaultKind.COMES_BACK_STALE,
            FaultKind.FLUSH_LIE);
    private static final List<FaultKind> DAMAGE = List.of(
            FaultKind.BIT_ROT,
            FaultKind.LATENT_ERROR,
            FaultKind.LOST_WRITE,
            FaultKind.MISDIRECTED_WRITE,
            FaultKind.MISDIRECTED_READ);

    /** Returns the scenario of a seed. */
    public static Scenario of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<FaultKind> faults = new ArrayList<>();
        int weather = random.nextInt(20);
        if (weather >= 17) {
            faults.add(FAILURES.get(random.nextInt(FAILURES.size())));
        } else if (weather >= 14) {
            faults.add(DAMAGE.get(random.nextInt(DAMAGE.size())));
        } else if (weather >= 12) {
            faults.add(FaultKind.LOG_ROT);
        }
        if (random.nextInt(4) == 0) {
            faults.add(FaultKind.DELAY);
        }
        int[] sizes = {1, 2, 3, 4, 8, 8, 24, 300};
        int fileBlocks = sizes[random.nextInt(sizes.length)];
        int[] volumes = {600, 700, 900, 1500, 4096};
        int volumeBlocks = volumes[random.nextInt(volumes.length)];
        return new Scenario(
                seed,
                2 + random.nextInt(4),
                60 + random.nextInt(160),
                random.nextInt(3) > 0 ? 1 : 2,
                fileBlocks,
                volumeBlocks,
                random.nextInt(3) == 0 ? 0 : 15 + random.nextInt(100),
                List.copyOf(faults),
                50 + random.nextInt(400),
                volumeBlocks < 1500 || fileBlocks > 100,
                1 + random.nextInt(6),
                random.nextInt(3) == 0,
                random.nextBoolean() ? ChecksumAlgorithm.CRC32C : ChecksumAlgorithm.XXH3_64,
                EnumSet.noneOf(Guard.class));
    }

    /** Returns a random stream for one part of the run. */
    public SplittableRandom random(String part) {
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + part.hashCode());
    }

    public Scenario withClients(int n) {
        return new Scenario(
                seed,
                n,
                operations,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                crashEvery,
                faults,
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withOperations(int n) {
        return new Scenario(
                seed,
                clients,
                n,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                crashEvery,
                faults,
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withFileBlocks(int n) {
        return new Scenario(
                seed,
                clients,
                operations,
                sharedFiles,
                n,
                volumeBlocks,
                crashEvery,
                faults,
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withCrashEvery(int n) {
        return new Scenario(
                seed,
                clients,
                operations,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                n,
                faults,
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withFaults(List<FaultKind> kinds) {
        return new Scenario(
                seed,
                clients,
                operations,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                crashEvery,
                List.copyOf(kinds),
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withTight(boolean now) {
        return new Scenario(
                seed,
                clients,
                operations,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                crashEvery,
                faults,
                faultEvery,
                now,
                pausing,
                priorities,
                checksum,
                off);
    }

    public Scenario withOff(Set<Guard> guards) {
        return new Scenario(
                seed,
                clients,
                operations,
                sharedFiles,
                fileBlocks,
                volumeBlocks,
                crashEvery,
                faults,
                faultEvery,
                tight,
                pausing,
                priorities,
                checksum,
                Set.copyOf(guards));
    }
}
