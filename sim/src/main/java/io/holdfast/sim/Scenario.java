package io.holdfast.sim;

import io.holdfast.check.CheckMemory;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.mapping.ChangeBudget;
import io.holdfast.mapping.ChangeMemory;
import io.holdfast.sim.disk.FaultKind;
import io.holdfast.volume.ChecksumAlgorithm;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * The parameters of one simulation. A seed gives a whole scenario; in that of a negative seed the clients come over NBD. Each parameter can then be reduced by itself,
 * because every part of a run draws from its own random stream.
 *
 * @param operations calls by all clients together
 * @param fileBlocks the largest size of a file
 * @param volumeBlocks a small volume is soon full, and soon reuses freed blocks
 * @param room free blocks that are left to the clients, the rest is filled; 0 leaves all
 * @param crashEvery one power cut in about this many operations; 0 for none
 * @param calmEvery otherwise a pause to inspect everything in about this many operations
 * @param faults the faults of the disk
 * @param faultEvery one fault in about this many I/Os
 * @param tight the volume may be full
 * @param pausing one in this many injection points yields or delays; a larger number makes longer uninterrupted runs
 * @param growing files grow while others flush them, and are soon empty again
 * @param slowReaders a reader that has looked up a block often comes so late that the block has been reused
 * @param volumeGrows the volume becomes larger now and then while clients use it
 * @param priorities threads have priorities that change now and then; otherwise all are equal
 * @param off guards that are switched off
 */
public record Scenario(
        long seed,
        int clients,
        int operations,
        int sharedFiles,
        int fileBlocks,
        int volumeBlocks,
        int room,
        int crashEvery,
        int calmEvery,
        List<FaultKind> faults,
        int faultEvery,
        boolean tight,
        int pausing,
        boolean growing,
        boolean slowReaders,
        boolean volumeGrows,
        boolean priorities,
        ChecksumAlgorithm checksum,
        Set<Guard> off) {
    /** Bytes of memory that the volume gets; so few that the cache evicts pages. */
    public static final long MEMORY = 1 << 19;

    /** So few that nodes are soon read again. */
    private static final long MEMORY_WITH_DECAY = 1 << 17;

    private static final int CHECKS_ONE_IN = 5;
    private static final int DISCARDS_ONE_IN = 4;
    /** With these a check knows all blocks of the largest volume. */
    private static final long CHECK_SETS = 1 << 20;
    /** Of so few groups at most a check knows blocks where it has little memory. */
    private static final int CHECKED_GROUPS = 5;

    private static final int REPAIRS_ONE_IN = 8;
    private static final int MEDDLING_ONE_IN = 4;
    private static final int LOOSE_CABLES_ONE_IN = 4;
    private static final int FLOODS_ONE_IN = 8;
    /** The log of a smaller volume is a reason for a checkpoint before the changes are. */
    private static final int FLOODED_BLOCKS_MIN = 4096;

    /** What small maps take, and some slabs more. */
    private static final long FLOODED_BYTES = 6L * ChangeMemory.SLAB_BYTES;

    private static final int VOLUME_GROWS_ONE_IN = 6;

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
        int[] sizes = seed < 0 ? new int[] {2, 4, 8, 8, 16, 16, 24, 64} : new int[] {1, 2, 3, 4, 8, 8, 24, 300};
        boolean growing = random.nextInt(5) == 0;
        int fileBlocks = growing ? 24 : sizes[random.nextInt(sizes.length)];
        int[] volumes = {600, 700, 900, 1500, 4096};
        int volumeBlocks = volumes[random.nextInt(volumes.length)];
        int room = random.nextInt(3) > 0 ? 0 : 10 + random.nextInt(80);
        SplittableRandom growth = stream(seed, "volume grows");
        boolean volumeGrows = growth.nextInt(VOLUME_GROWS_ONE_IN) == 0;
        if (volumeGrows && growth.nextBoolean()) {
            // So little that clients soon use the new groups, and so much that they need not wait for a checkpoint.
            room = 10 + growth.nextInt(60);
        }
        int operations = (60 + random.nextInt(160)) * (random.nextInt(8) == 0 ? 4 : 1);
        if (volumeGrows) {
            operations += 300;
        }
        return new Scenario(
                seed,
                2 + random.nextInt(4),
                operations,
                random.nextInt(3) > 0 ? 1 : 2,
                fileBlocks,
                volumeBlocks,
                room,
                random.nextInt(3) == 0 ? 0 : 15 + random.nextInt(growing ? 30 : 100),
                random.nextBoolean() ? 30 : 200,
                List.copyOf(faults),
                50 + random.nextInt(400),
                volumeBlocks < 1500 || fileBlocks > 100 || room > 0,
                growing ? 1 : 1 + random.nextInt(6),
                growing,
                random.nextInt(4) == 0,
                volumeGrows,
                random.nextInt(3) == 0,
                random.nextBoolean() ? ChecksumAlgorithm.CRC32C : ChecksumAlgorithm.XXH3_64,
                Set.of());
    }

    /** Returns one seed for each number, so that among many numbers one scenario in four has clients that come over NBD. */
    public static long seed(long number) {
        return number % 4 == 0 ? -Math.abs(number) : number;
    }

    /** Returns whether clients come over NBD. */
    public boolean overNbd() {
        return seed < 0;
    }

    /** Returns how many clients call the engine themselves. */
    public int callers() {
        return overNbd() ? random("callers").nextInt(2) : clients;
    }

    /**
     * Returns how large an older volume on the device was, in blocks; 0 if there was none. It had a copy of the superblock
     * behind the end of the volume that is made in its place, and the device stays as large.
     */
    public long olderVolumeBlocks() {
        SplittableRandom random = random("older volume");
        if (volumeGrows || random.nextInt(8) > 0) {
            return 0;
        }
        long place = 8L << groupLog2();
        while (place < volumeBlocks) {
            place *= 8;
        }
        return place + (1L << groupLog2());
    }

    /** Returns log2 of the blocks in a group: mostly so few that a volume has many groups. */
    public int groupLog2() {
        SplittableRandom random = random("groups");
        return random.nextInt(4) == 0 && volumeBlocks >= Superblock.minBlocks(Layout.GROUP_LOG2)
                ? Layout.GROUP_LOG2
                : Layout.GROUP_LOG2_MIN + random.nextInt(2);
    }

    /** Returns whether free space is discarded, in the background and all at once. */
    public boolean discards() {
        return random("discards").nextInt(DISCARDS_ONE_IN) == 0;
    }

    /** Returns whether the volume is checked while clients use it. */
    public boolean checksBeside() {
        return random("checks beside").nextInt(CHECKS_ONE_IN) == 0;
    }

    /** Returns whether the volume is repaired now and then before it is opened again after a crash. */
    public boolean repairs() {
        return crashEvery > 0 && random("undo").nextInt(REPAIRS_ONE_IN) == 0;
    }

    /**
     * Returns how many bytes a check has for what it knows of blocks. In one scenario of two that are so few that it needs several passes. A repair needs the blocks of all groups
     * that are wrong, so it has enough.
     */
    public long checkSets() {
        SplittableRandom random = random("check memory");
        if (repairs() || repairsBeside() || random.nextBoolean()) {
            return CHECK_SETS;
        }
        return CheckMemory.setsFor(new Layout(volumeBlocks, groupLog2()), 1 + random.nextInt(CHECKED_GROUPS));
    }

    /** Returns whether a check beside clients makes several passes. */
    public boolean checksInPasses() {
        return checksBeside() && checkSets() < CHECK_SETS;
    }

    /**
     * Returns whether checkpoints forget blocks now and then, and the volume is repaired beside its clients. Nothing else goes wrong then, and there is space for the
     * repair's checkpoint.
     */
    public boolean repairsBeside() {
        return crashEvery == 0 && faults.isEmpty() && !tight && !overNbd() && !checksBeside() && !meddlesWithJobs();
    }

    /**
     * Returns whether nodes of maps of some files cannot be read for a while and are lost. Then a repair gives them up or keeps them. Nothing else damages the volume.
     */
    public boolean losesNodes() {
        boolean repaired = repairsBeside() || (repairs() && faults.isEmpty() && !tight && !overNbd());
        return repaired && random("lost nodes").nextBoolean();
    }

    /** Returns whether somebody pauses, slows and cancels background work while clients use the volume. */
    public boolean meddlesWithJobs() {
        return random("meddles with jobs").nextInt(MEDDLING_ONE_IN) == 0;
    }

    /** Returns whether somebody makes more changes of a map than there is memory for. */
    public boolean floods() {
        return volumeBlocks >= FLOODED_BLOCKS_MIN
                && crashEvery == 0
                && faults.isEmpty()
                && !overNbd()
                && random("floods").nextInt(FLOODS_ONE_IN) == 0;
    }

    /** Returns how many bytes of changes there is room for at least: few where somebody makes many. */
    public long changesMin() {
        return floods() ? FLOODED_BYTES : ChangeBudget.HARD_MIN;
    }

    /** Returns whether the device brings nothing for a moment while the volume is opened after a crash. */
    public boolean hasLooseCable() {
        return crashEvery > 0 && random("loose cable").nextInt(LOOSE_CABLES_ONE_IN) == 0;
    }

    /** Returns how much memory the volume gets, in bytes. */
    public long memory() {
        return decays() ? MEMORY_WITH_DECAY : MEMORY;
    }

    /** Returns whether blocks of the disk decay. */
    public boolean decays() {
        return faults.contains(FaultKind.BIT_ROT) || faults.contains(FaultKind.LATENT_ERROR);
    }

    /** Returns a random stream for one part of the run. */
    public SplittableRandom random(String part) {
        return stream(seed, part);
    }

    private static SplittableRandom stream(long seed, String part) {
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + part.hashCode());
    }

    /** Returns this scenario with something changed. */
    public Scenario with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.scenario();
    }

    /** Returns this scenario without some guards. */
    public Scenario without(Set<Guard> guards) {
        return with(draft -> draft.off = Set.copyOf(guards));
    }

    /** A scenario that can be changed. Everything else stays as the seed has it. */
    public static final class Draft {
        private final Scenario from;
        public int clients;
        public int operations;
        public int fileBlocks;
        public int crashEvery;
        public List<FaultKind> faults;
        public int faultEvery;
        public boolean tight;
        public int pausing;
        public boolean volumeGrows;
        private Set<Guard> off;

        private Draft(Scenario from) {
            this.from = from;
            clients = from.clients;
            operations = from.operations;
            fileBlocks = from.fileBlocks;
            crashEvery = from.crashEvery;
            faults = from.faults;
            faultEvery = from.faultEvery;
            tight = from.tight;
            pausing = from.pausing;
            volumeGrows = from.volumeGrows;
            off = from.off;
        }

        private Scenario scenario() {
            return new Scenario(
                    from.seed,
                    clients,
                    operations,
                    from.sharedFiles,
                    fileBlocks,
                    from.volumeBlocks,
                    from.room,
                    crashEvery,
                    from.calmEvery,
                    List.copyOf(faults),
                    faultEvery,
                    tight,
                    pausing,
                    from.growing,
                    from.slowReaders,
                    volumeGrows,
                    from.priorities,
                    from.checksum,
                    off);
        }
    }
}
