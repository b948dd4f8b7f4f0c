package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.format.Layout;
import io.holdfast.inject.Guard;
import io.holdfast.sim.disk.FaultKind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Each guard is needed: without it the simulator finds a violation within a number of seeds. With all guards it finds
 * none in any of these seeds.
 */
class GuardsTest {
    /**
     * The seeds among which the simulator finds what a guard prevents; a change of the engine or of the simulator may
     * move it.
     */
    private record Seeds(int first, int last, int sign, Predicate<Scenario> where) {
        Seeds(int last, int sign, Predicate<Scenario> where) {
            this(1, last, sign, where);
        }

        Seeds(int last, Predicate<Scenario> where) {
            this(last, 1, where);
        }

        LongStream all() {
            return LongStream.rangeClosed(first, last)
                    .map(number -> number * sign)
                    .filter(seed -> where.test(Scenario.of(seed)));
        }
    }

    private static final Seeds USUAL = new Seeds(500, scenario -> true);
    private static final Seeds OVER_NBD = new Seeds(400, -1, scenario -> true);

    /** Returns the seeds to try: a rare loss is looked for only in scenarios in which it can happen. */
    private static Seeds seedsOf(Guard guard) {
        return switch (guard) {
            // Needs a reader that comes so late that every free block has been used meanwhile.
            case FREED_AWAIT_READERS ->
                new Seeds(4000, scenario -> scenario.slowReaders() && scenario.tight() && scenario.room() > 0);
            // Needs a volume that large files fill, and a writeback between two steps of a write.
            case RESERVATION_RECHECKED -> new Seeds(4000, scenario -> scenario.tight() && scenario.fileBlocks() >= 300);
            // Needs a punch of acknowledged changes that the log does not take.
            case LOGGED_BEFORE_DROPPED ->
                new Seeds(4000, scenario -> scenario.faults().contains(FaultKind.HOST_FULL));
            case DURABLE_THROUGH, LOG_TWINS ->
                new Seeds(1500, scenario -> scenario.faults().contains(FaultKind.LOG_ROT));
            case OWN_COPIES_ONLY -> new Seeds(500, scenario -> scenario.olderVolumeBlocks() > 0);
            // Needs small groups that are forgotten and read again while a reader that comes late keeps their dead
            // blocks.
            case LOADED_GROUP_HAS_DEAD ->
                new Seeds(
                        24000,
                        scenario -> scenario.groupLog2() == Layout.GROUP_LOG2_MIN
                                && scenario.slowReaders()
                                && scenario.tight()
                                && scenario.volumeGrows());
            // Needs a bitmap that decays before its group is used: mostly one of a new group. Rare: one in hundreds of
            // such scenarios.
            case UNREADABLE_CLOSES_GROUP ->
                new Seeds(
                        510_000,
                        530_000,
                        1,
                        scenario -> scenario.decays() && scenario.fileBlocks() >= 300 && scenario.volumeGrows());
            // Rare: needs a power cut between a flush that was told done and the end of the writeback that it left.
            case FLUSH_AWAITS_WRITEBACK -> new Seeds(1000, scenario -> true);
            // Needs a flush that fails, a process that is started again, and then a power cut.
            case TAIL_REWRITTEN, SUPERBLOCK_REWRITTEN ->
                new Seeds(
                        24000,
                        -1,
                        scenario ->
                                scenario.crashEvery() > 0 && scenario.faults().contains(FaultKind.FLUSH_ERROR));
            // Needs a process that dies, is started again, and then a power cut.
            case MOUNT_FLUSHES -> new Seeds(1500, scenario -> scenario.crashEvery() > 0);
            // Needs a power cut between the two flushes of a checkpoint.
            case NODES_BEFORE_SUPERBLOCK -> new Seeds(1500, scenario -> scenario.crashEvery() > 0);
            // Needs a power cut while the volume grows.
            case NEW_GROUPS_AWAIT_SUPERBLOCK ->
                new Seeds(1500, scenario -> scenario.volumeGrows() && scenario.crashEvery() > 0);
            // Needs a power cut between a record and its flush; only lent data can be lost there.
            case PROVEN_BEFORE_LOGGED ->
                new Seeds(1500, scenario -> scenario.crashEvery() > 0 && scenario.crashEvery() < 45);
            // Needs a device that brings neither copy of the next record when the volume is opened.
            case UNREADABLE_IS_NOT_ABSENT -> new Seeds(1500, Scenario::hasLooseCable);
            // Need a node of the metadata tree that decays, and somebody who looks for what it has.
            case LOST_IS_NOT_ABSENT, LOST_KEEPS_POINTER -> new Seeds(13_000, Scenario::decays);
            case CHANGES_AWAIT_ROOM -> new Seeds(6000, Scenario::floods);
            case CHECK_HEARS_CHANGES -> new Seeds(1500, Scenario::checksBeside);
            // Needs a checkpoint in the moment at which a check begins another pass.
            case PASS_BEGINS_IDLE -> new Seeds(3000, Scenario::checksInPasses);
            // Needs a check that is so slow that a block has been used again meanwhile.
            case CHECK_LOOKS_AGAIN -> new Seeds(3000, scenario -> scenario.checksBeside() && scenario.tight());
            case PINS_TELL -> new Seeds(10000, scenario -> scenario.checksBeside() && scenario.tight());
            case DISCARDED_IS_LEASED -> new Seeds(1500, Scenario::discards);
            case REPAIR_KEEPS_OLD, OPENING_ENDS_UNDO -> new Seeds(500, Scenario::repairs);
            case REPAIR_HEARS_CHANGES -> new Seeds(500, Scenario::repairsBeside);
            // Needs a node that cannot be read beside others that a repair may give up.
            case HIDDEN_KEEPS_BLOCKS -> new Seeds(1500, Scenario::losesNodes);
            // Needs somebody who pauses the freeing of space.
            case PAUSED_JOB_HURRIES -> new Seeds(500, Scenario::meddlesWithJobs);
            case PAYLOAD_SHARE, STALL_LIMIT, SESSION_ERROR_ENDS, SUCCESSOR_AWAITS, GONE_BEGINS_NOTHING -> OVER_NBD;
            default -> USUAL;
        };
    }

    @TestFactory
    List<DynamicTest> withoutAGuardSomethingIsLost() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Guard guard : EnumSet.allOf(Guard.class)) {
            tests.add(DynamicTest.dynamicTest(guard.name(), () -> assertLoss(guard)));
        }
        return tests;
    }

    private static void assertLoss(Guard guard) {
        long[] all = seedsOf(guard).all().toArray();
        int tried = 0;
        for (long seed : all) {
            tried++;
            Result result = Simulation.run(Scenario.of(seed).without(Set.of(guard)));
            if (result.failed()) {
                System.out.printf(
                        "without %s: found after %d of %d seeds, with seed %d: %s%n",
                        guard,
                        tried,
                        all.length,
                        seed,
                        String.valueOf(result.violation()).lines().findFirst().orElse(""));
                return;
            }
        }
        throw new AssertionError("without %s: nothing found in %d seeds".formatted(guard, all.length));
    }

    /** Runs the fixed set of seeds. */
    @Test
    void withAllGuardsNothingIsLostInTheSameSeeds() {
        long[] seeds = EnumSet.allOf(Guard.class).stream()
                .flatMapToLong(guard -> seedsOf(guard).all())
                .distinct()
                .sorted()
                .toArray();
        for (long seed : seeds) {
            Result result = Simulation.run(Scenario.of(seed));
            assertThat(result.violation())
                    .as("./dev sim --seed %d --trace", seed)
                    .isNull();
        }
        System.out.printf("with all guards: nothing found in %d seeds%n", seeds.length);
    }
}
