package io.holdfast.sim;

import io.holdfast.device.Device;
import io.holdfast.engine.VolumeOnDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.inject.Point;
import io.holdfast.sim.disk.FaultKind;
import io.holdfast.sim.disk.FrontDevice;
import io.holdfast.sim.disk.SimDevice;
import io.holdfast.sim.disk.SimDisk;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.nbd.NbdDoor;
import io.holdfast.sim.schedule.Order;
import io.holdfast.sim.schedule.Scheduler;
import io.holdfast.sim.schedule.Trace;
import io.holdfast.sim.workload.Client;
import io.holdfast.sim.workload.Flooder;
import io.holdfast.sim.workload.Grower;
import io.holdfast.sim.workload.Inspector;
import io.holdfast.sim.workload.JobMeddler;
import io.holdfast.sim.workload.NbdClient;
import io.holdfast.sim.workload.Trimmer;
import io.holdfast.sim.workload.World;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Discard;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import java.io.PrintStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One run of a scenario. It has phases in which clients use the volume; each phase ends in a calm or in a crash, until
 * all calls are made. Only one simulation runs at a time in a process.
 */
public final class Simulation {
    /**
     * The engine logs every failure, and a simulation makes them by the hundred, so this logger is off. The field keeps
     * the logger, and with it the setting, from being garbage-collected.
     */
    private static final Logger ENGINE = Logger.getLogger("holdfast");

    /** As {@link #ENGINE}, for the engine's classes that log by their own names. */
    private static final Logger CLASSES = Logger.getLogger("io.holdfast");

    /** So short that blocks are discarded soon after they have become free. */
    private static final long DISCARD_PASS_NANOS = 4_000_000;

    /** A small volume is opened with some hundred reads. */
    private static final int LOOSE_FROM_MAX = 200;

    private static final int LOOSE_READS_MAX = 60;

    private static final long STEPS_WITHOUT_PROGRESS_MAX = 3_000_000;
    private static final int OPERATIONS_WHILE_GROWING_MIN = 200;
    private static final long EPOCH_SECONDS = 1_800_000_000;

    /** The points at which a power cut leaves the most possible states. */
    private static final List<Point> LOGGING =
            List.of(Point.RECORD_WRITTEN, Point.RECORD_MAPPED, Point.WRITEBACK_MAPPED, Point.CHANGES_PENDING);
    /** Not where few runs come by; and the runs of known seeds stay as they were. */
    private static final List<Point> ANYWHERE = List.copyOf(EnumSet.complementOf(EnumSet.of(
            Point.CHANGES_WAIT,
            Point.ALLOCATE_CHANGES,
            Point.CHANGES_FULL,
            Point.GROUP_REUSED,
            Point.CLIENT_SERVED,
            Point.SUCCESSOR_CAME,
            Point.REQUEST_RECEIVED,
            Point.CHANGE_BEGUN,
            Point.REQUEST_DONE,
            Point.ALLOCATE_REQUEST,
            Point.ALLOCATE_WORK,
            Point.ALLOCATE_REPLY,
            Point.JOB_ASKS,
            Point.JOB_PAUSED,
            Point.GROWTH_MAPPED,
            Point.GROWTH_WRITTEN,
            Point.GROWTH_DURABLE,
            Point.REPAIR_BEGINS,
            Point.CHECKPOINT_FORGETS)));

    private final Scenario scenario;
    private final Trace trace;
    private final Scheduler scheduler;
    private final Points points;
    private final SimDisk disk;
    private final World world;
    private final Inspector inspector;
    private final Grower grower;
    private final Flooder flooder;
    private final JobMeddler meddler;
    private final List<Client> clients = new ArrayList<>();
    private final List<NbdClient> visitors = new ArrayList<>();
    private final NbdDoor door;
    private final Repairer repairer;
    private final LiveRepairer liveRepairer;
    private final SplittableRandom random;
    private final SplittableRandom identities;
    /** Apart from the others, so that scenarios without a check beside the clients are as they were without it. */
    private final SplittableRandom checking;

    private final SplittableRandom resuming;
    private final SplittableRandom cable;

    private @Nullable Volume current;
    /** The one that a volume was opened on last. */
    private @Nullable SimDevice lastDevice;

    private int devices;
    private int recoveries;

    private Simulation(Scenario scenario, @Nullable PrintStream out) {
        this.scenario = scenario;
        this.trace = new Trace(out);
        SplittableRandom order = scenario.random("order");
        this.scheduler =
                new Scheduler(scenario.priorities() ? Order.priorities(order, 64) : Order.uniform(order), trace);
        this.points = new Points(scenario, scheduler, trace);
        this.disk = new SimDisk(scenario.volumeBlocks(), scenario.random("disk"));
        this.world = new World(scenario, scheduler, trace, disk);
        this.inspector = new Inspector(world);
        this.grower = new Grower(world);
        this.flooder = new Flooder(world);
        this.meddler = new JobMeddler(world);
        this.random = scenario.random("director");
        this.identities = scenario.random("identities");
        this.checking = scenario.random("checking");
        this.resuming = scenario.random("resuming");
        this.cable = scenario.random("cable");
        this.door = new NbdDoor(scenario, scheduler, points::errors);
        this.repairer = new Repairer(scenario, scheduler, () -> device(false), world.lostFiles(), environment());
        this.liveRepairer =
                new LiveRepairer(scenario, () -> Objects.requireNonNull(current), scheduler, points, world.lostFiles());
        for (int i = 0; i < scenario.callers(); i++) {
            clients.add(new Client(world, i));
        }
        for (int i = 0; scenario.overNbd() && i < scenario.clients(); i++) {
            visitors.add(new NbdClient(world, door, i));
        }
    }

    /** Runs a scenario to its end, or to the first violation. */
    public static Result run(Scenario scenario) {
        return run(scenario, null);
    }

    /** Runs a scenario; writes a readable trace to {@code out} unless that is null. */
    public static Result run(Scenario scenario, @Nullable PrintStream out) {
        Simulation simulation = new Simulation(scenario, out);
        ENGINE.setLevel(Level.OFF);
        CLASSES.setLevel(Level.OFF);
        SimInjector.activate(simulation.points);
        RuntimeException violation = null;
        try {
            simulation.run();
        } catch (RuntimeException e) {
            violation = e;
        } finally {
            SimInjector.activate(null);
            simulation.scheduler.close();
        }
        return new Result(
                scenario,
                violation,
                simulation.trace.hash(),
                simulation.trace.events(),
                simulation.scheduler.steps(),
                simulation.scheduler.nanoTime(),
                simulation.world.operations(),
                simulation.recoveries,
                simulation.disk.injected(),
                simulation.points.passed());
    }

    private void run() {
        Thread main = scheduler.start("director", this::direct);
        scheduler.run(main, this::look);
        trace.mix(disk.contentHash());
    }

    private void look() {
        if (world.stepsWithoutProgress() > STEPS_WITHOUT_PROGRESS_MAX) {
            throw new ViolationException("no call has ended for %d steps\n%s"
                    .formatted(STEPS_WITHOUT_PROGRESS_MAX, scheduler.describeThreads()));
        }
    }

    private void direct() {
        try {
            if (scenario.olderVolumeBlocks() > 0) {
                leaveOlderVolume();
            }
            try (Device first = new FrontDevice(device(false), scenario.volumeBlocks())) {
                VolumeOnDevice.format(first, scenario.checksum(), "sim", environment());
                first.flush();
            }
            phases(open(device(false)));
        } catch (HoldfastException e) {
            world.expect(e, false, "the director");
        } finally {
            Volume left = current;
            if (left != null) {
                closeWhateverHappens(left);
            }
        }
    }

    /** Makes a volume over all of a larger device, with a newer superblock than the next one will have. */
    private void leaveOlderVolume() throws HoldfastException {
        disk.extend(scenario.olderVolumeBlocks());
        SimDevice device = device(false);
        VolumeOnDevice.format(device, scenario.checksum(), "old", environment());
        device.flush();
        for (int i = 0; i < 3; i++) {
            try (Volume old = VolumeOnDevice.open(
                    device(false), OpenOptions.readWrite().withMemory(scenario.memory()), environment())) {
                old.mkdir("/old" + i, CreateOptions.directory());
            }
        }
    }

    private Instant now() {
        return Instant.ofEpochSecond(EPOCH_SECONDS).plusNanos(scheduler.nanoTime());
    }

    private SimDevice device(boolean faults) {
        SimDevice device = new SimDevice(
                disk,
                scheduler,
                trace,
                scenario.random("device " + devices++),
                scenario.faults(),
                scenario.faultEvery(),
                problem -> scheduler.stop(new ViolationException(problem)));
        device.setFaults(faults);
        device.setDiscards(scenario.discards());
        return device;
    }

    // ---- the run ----

    /** A volume, open on a device. */
    private record Opened(Volume volume, SimDevice device) {
        /** Returns whether the volume can only be opened anew. */
        boolean lost() {
            return device.isCut() || volume.failure().isPresent();
        }
    }

    private void phases(Opened first) throws HoldfastException {
        Opened opened = first;
        inspector.furnish();
        world.lostFiles().furnish();
        disk.keepSnapshots();
        while (world.operations() < scenario.operations()) {
            play(opened);
            boolean lost = opened.lost();
            Opened next = lost ? afterCrash(opened) : afterCalm(opened);
            if (next == null) {
                return;
            }
            opened = lostFiles(next, lost);
        }
        finish(opened);
    }

    private void play(Opened opened) throws HoldfastException {
        boolean crashes = scenario.crashEvery() > 0;
        int length = 1 + random.nextInt(crashes ? 2 * scenario.crashEvery() : 2 * scenario.calmEvery());
        boolean grows = grower.isDue();
        length = grows ? Math.max(length, OPERATIONS_WHILE_GROWING_MIN) : length;
        opened.device().setFaults(true);
        if (crashes && random.nextInt(4) > 0) {
            List<Point> candidates = random.nextInt(3) > 0 ? LOGGING : ANYWHERE;
            Point point = candidates.get(random.nextInt(candidates.size()));
            points.arm(
                    point,
                    1 + random.nextInt(random.nextBoolean() ? 6 : 30),
                    () -> opened.device().cutPower());
        }
        world.beginPhase(
                Math.min(length, scenario.operations() - world.operations()),
                crashes && random.nextInt(4) > 0,
                random.nextInt(3_000_000));
        List<Thread> threads = new ArrayList<>();
        Thread stopper = scenario.overNbd() ? openDoor(opened) : null;
        for (Client client : clients) {
            threads.add(scheduler.start(client.name(), client));
        }
        for (NbdClient visitor : visitors) {
            threads.add(scheduler.start(visitor.name(), visitor));
        }
        if (grows) {
            if (grower.cutsPowerBetween()) {
                points.armGrowth(() -> opened.device().cutPower());
            }
            threads.add(scheduler.start("grower", grower));
        }
        for (int i = scenario.checksBeside() ? checking.nextInt(3) : 0; i > 0; i--) {
            long delay = checking.nextInt(20_000_000);
            threads.add(scheduler.start("checker", () -> {
                scheduler.sleep(delay);
                inspector.checkBeside();
            }));
        }
        if (scenario.meddlesWithJobs()) {
            threads.add(scheduler.start("meddler", meddler));
        }
        if (scenario.discards()) {
            threads.add(scheduler.start("trimmer", new Trimmer(world)));
        }
        if (flooder.isDue()) {
            Thread flooding = scheduler.start("flooder", flooder);
            points.hurry(flooding);
            threads.add(flooding);
        }
        if (world.lostFiles().isDue()) {
            threads.add(scheduler.start("lost files", world.lostFiles()::beside));
        }
        if (liveRepairer.isDue()) {
            threads.add(scheduler.start("live repairer", liveRepairer::check));
        }
        threads.forEach(scheduler::join);
        if (stopper != null) {
            scheduler.join(stopper);
            door.close();
            world.disks().settleAll();
        }
        points.disarm();
        inspector.requireOpenGroups();
        inspector.requireBoundedChanges();
        if (world.crashWasDue() || (grows && grower.cutsPower())) {
            opened.device().cutPower();
        }
        opened.device().setFaults(false);
        if (scenario.faults().contains(FaultKind.LOG_ROT) && !opened.lost() && random.nextBoolean()) {
            rotLog(opened);
        }
    }

    /** Serves over NBD. Returns a thread that now and then stops that while clients are there. */
    private Thread openDoor(Opened opened) {
        door.open(opened.volume());
        boolean early = random.nextInt(6) == 0;
        long delay = random.nextInt(50_000_000);
        return scheduler.start("stopper", () -> {
            if (early) {
                scheduler.sleep(delay);
                door.stop();
            }
        });
    }

    /** Damages a flushed part of the log that a later, also flushed record has declared durable; then crashes. */
    private void rotLog(Opened opened) throws HoldfastException {
        inspector.witness();
        long mark = disk.mark();
        inspector.witness();
        inspector.witness();
        opened.device().cutPower();
        disk.rotBefore(mark);
    }

    /** Inspects everything while no client runs; now and then closes the volume and opens it again. */
    private Opened afterCalm(Opened before) throws HoldfastException {
        Opened opened = repaired(before);
        inspector.calm();
        if (scenario.meddlesWithJobs()) {
            inspector.useSpaceThatAPausedJobKeeps();
        }
        if (random.nextInt(3) > 0) {
            return opened;
        }
        Opened again = reopen(opened);
        inspector.calm();
        return again;
    }

    /** Compares files that lose nodes of their maps, and takes such a node away or gives it back. */
    private Opened lostFiles(Opened opened, boolean crashed) throws HoldfastException {
        try {
            world.lostFiles().verify(crashed);
            if (!world.lostFiles().change()) {
                return opened;
            }
            Opened again = reopen(opened);
            // The first checkpoint puts back what can be read again.
            again.volume().checkpoint();
            world.lostFiles().verify(false);
            return again;
        } catch (HoldfastException e) {
            if (!opened.device().isCut()) {
                throw e;
            }
            return opened;
        }
    }

    /** Ends a repair beside clients, if there is one. What was acknowledged is there afterwards, flushed or not. */
    private Opened repaired(Opened opened) throws HoldfastException {
        if (!liveRepairer.hasBegun()) {
            return opened;
        }
        clients.forEach(Client::closeAll);
        Volume again = liveRepairer.repair();
        if (again == null) {
            return opened;
        }
        SimDevice device = Objects.requireNonNull(lastDevice);
        current = again;
        world.opened(again, device);
        grower.opened();
        inspector.check();
        return new Opened(again, device);
    }

    private Opened reopen(Opened opened) throws HoldfastException {
        clients.forEach(Client::closeAll);
        inspector.atRest();
        opened.volume().close();
        Opened again = open(device(false));
        if (!again.volume().recovery().clean() && !disk.everDamaged() && !world.mayHaveLostDurable()) {
            throw new ViolationException(
                    "a volume that was closed is recovered: " + again.volume().recovery());
        }
        return again;
    }

    private void finish(Opened opened) throws HoldfastException {
        if (opened.lost()) {
            Opened recovered = afterCrash(opened);
            if (recovered == null) {
                return;
            }
            opened = recovered;
            world.lostFiles().verify(true);
        }
        inspector.calm();
        Opened again = reopen(opened);
        inspector.calm();
        inspector.check();
        world.lostFiles().verify(false);
        again.volume().close();
    }

    /** Cuts the power if it is still on, opens the volume again, and compares; null if the run is over. */
    private @Nullable Opened afterCrash(Opened opened) throws HoldfastException {
        if (!opened.device().isCut()) {
            inspector.afterFailure();
            if (resuming.nextBoolean()) {
                Opened resumed = resume(opened);
                if (resumed != null) {
                    return afterResume(resumed);
                }
            }
            clients.forEach(Client::closeAll);
            inspector.afterFailure();
        }
        closeWhateverHappens(opened.volume());
        clients.forEach(Client::forget);
        if (scenario.faults().contains(FaultKind.COMES_BACK_STALE) && disk.happened(FaultKind.VANISH)) {
            disk.goStale();
        }
        crash();
        Opened again = null;
        while (again == null) {
            if (repairer.isDue() && !disk.everDamaged() && !world.mayHaveLostDurable()) {
                if (!repairer.run(scenario.volumeBlocks())) {
                    crash();
                }
            }
            SimDevice device = device(false);
            if (random.nextInt(5) == 0) {
                scheduler.after(random.nextInt(5_000_000), device::cutPower);
            }
            if (scenario.hasLooseCable() && cable.nextInt(3) > 0) {
                device.failReads(1 + cable.nextInt(LOOSE_FROM_MAX), 1 + cable.nextInt(LOOSE_READS_MAX));
            }
            try {
                again = open(device);
                device.fastenCable();
            } catch (HoldfastException e) {
                if (!device.isCut() && device.hadLooseCable() && e.code() == ErrorCode.DEVICE_ERROR) {
                    continue; // Nothing was changed, and the cable is fastened.
                }
                if (!device.isCut()) {
                    world.expect(e, false, "recovery");
                    requireLogIsDamaged(e);
                    return null;
                }
                crash();
            }
            if (again != null && device.isCut()) {
                closeWhateverHappens(again.volume());
                crash();
                again = null;
            }
            if (again != null
                    && !device.hadLooseCable()
                    && !repairer.mayHaveLeftBadCopy(again.volume().recovery())) {
                requireNoProblems(again);
            }
        }
        recoveries++;
        if (world.mayHaveLostDurable()) {
            inspector.weakly();
            return null;
        }
        Opened compared = compare(again);
        return compared == null ? null : acceptingLosses(compared);
    }

    /** Accepts losses that an earlier resume has left, as an administrator does who has restarted the clients. */
    private @Nullable Opened acceptingLosses(Opened opened) throws HoldfastException {
        if (opened.volume().lostFlushes().isEmpty()) {
            return opened;
        }
        try {
            inspector.acceptLosses();
        } catch (HoldfastException e) {
            if (!opened.device().isCut()) {
                throw e;
            }
        }
        return opened.device().isCut() ? afterCrash(opened) : opened;
    }

    /** Opens a failed volume again, as a server does when its device was mended; null if that cannot be. */
    private @Nullable Opened resume(Opened opened) {
        try {
            Volume again = opened.volume().reopen(() -> {});
            SimDevice device = Objects.requireNonNull(lastDevice);
            current = again;
            world.opened(again, device);
            grower.opened();
            return new Opened(again, device);
        } catch (HoldfastException e) {
            world.expect(e, false, "resuming");
            world.opening(opened.device());
            return null;
        }
    }

    private @Nullable Opened afterResume(Opened resumed) throws HoldfastException {
        clients.forEach(Client::forget);
        recoveries++;
        requireNoProblems(resumed);
        if (world.mayHaveLostDurable()) {
            inspector.weakly();
            return null;
        }
        inspector.flushAfterResume();
        Opened again = compare(resumed);
        if (again != null) {
            inspector.acceptLosses();
        }
        return again;
    }

    /** A crash leaves nothing behind that opening takes for damage. */
    private void requireNoProblems(Opened opened) {
        RecoveryReport report = opened.volume().recovery();
        if (!report.problems().isEmpty()
                && !world.lostFiles().mayTell()
                && !disk.everDamaged()
                && !world.mayHaveLostDurable()) {
            throw new ViolationException("opening reports damage: " + report.problems());
        }
    }

    /** One copy of a header is all that opening needs. */
    private void requireLogIsDamaged(HoldfastException e) {
        if (disk.isOnlyOneLogCopyDamaged() && !world.mayHaveLostDurable()) {
            throw new ViolationException(
                    "opening is refused, and of no header of the log both copies are damaged: " + e.getMessage(), e);
        }
    }

    /** Cuts the power; or only the process has died, and what it wrote is still on its way to the medium. */
    private void crash() {
        if (random.nextInt(4) > 0) {
            disk.crash();
        }
    }

    private @Nullable Opened compare(Opened again) throws HoldfastException {
        try {
            inspector.afterCrash();
            inspector.check();
        } catch (HoldfastException e) {
            if (!again.device().isCut()) {
                throw e;
            }
        }
        if (again.device().isCut()) {
            return afterCrash(again);
        }
        return disk.everDamaged() ? null : again;
    }

    private VolumeOnDevice.Environment environment() {
        return new VolumeOnDevice.Environment(
                this::now,
                identities,
                scheduler,
                scenario.groupLog2(),
                DISCARD_PASS_NANOS,
                scenario.checkSets(),
                scenario.changesMin());
    }

    private Opened open(SimDevice device) throws HoldfastException {
        trace.event(scheduler.nanoTime(), "open volume", devices, 0, () -> "");
        @Nullable SimDevice[] first = {device};
        Volume volume = VolumeOnDevice.open(
                () -> {
                    // Opened again after a failure, the device is mended.
                    SimDevice opened = first[0] == null ? device(false) : first[0];
                    first[0] = null;
                    lastDevice = opened;
                    world.opening(opened);
                    return opened;
                },
                OpenOptions.readWrite()
                        .withMemory(scenario.memory())
                        .withDiscard(scenario.discards() ? Discard.ASYNC : Discard.OFF),
                environment());
        current = volume;
        world.opened(volume, device);
        grower.opened();
        repairer.opened();
        return new Opened(volume, device);
    }

    private void closeWhateverHappens(Volume volume) {
        try {
            volume.close();
        } catch (HoldfastException e) {
            trace.event(
                    scheduler.nanoTime(), "close", e.code().name().hashCode(), 0, () -> String.valueOf(e.getMessage()));
        }
    }
}
