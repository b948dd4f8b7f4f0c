package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.BufferedReader;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumeLockTest {
    private static final long OWN_PID = ProcessHandle.current().pid();

    @TempDir
    Path directory;

    private Path volume;
    private final List<Process> children = new ArrayList<>();

    @BeforeEach
    void createVolume() throws Exception {
        volume = directory.resolve("disk.img");
        FileDevice.create(volume, 1 << 20, false).close();
    }

    @AfterEach
    void endChildren() throws Exception {
        for (Process child : children) {
            child.destroyForcibly().waitFor();
        }
    }

    /** Another process that has locked the volume or was refused. */
    private record Child(Process process, String answer) {
        void end() throws Exception {
            process.getOutputStream().close();
            assertThat(process.waitFor()).isZero();
        }

        void kill() throws Exception {
            process.destroyForcibly().waitFor();
        }
    }

    private Child child(Path path, boolean writable) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHoldingProgram.class.getName(),
                        path.toString(),
                        Boolean.toString(writable))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        children.add(process);
        BufferedReader answers = process.inputReader();
        return new Child(process, answers.readLine());
    }

    private static void assertHeld(Path path, boolean writable, long pid) {
        assertThatThrownBy(() -> VolumeLock.acquire(path, writable))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD))
                .hasMessageStartingWith(path + " is in use by process " + pid);
    }

    private Path lockFile() {
        return directory.resolve("disk.img.lock");
    }

    @Test
    void aWriterExcludesAllOthersInThisProcess() throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            assertHeld(volume, true, OWN_PID);
            assertHeld(volume, false, OWN_PID);
        }
        VolumeLock.acquire(volume, true).close();
    }

    @Test
    void readersShareAndExcludeAWriter() throws Exception {
        VolumeLock first = VolumeLock.acquire(volume, false);
        VolumeLock second = VolumeLock.acquire(volume, false);
        assertHeld(volume, true, OWN_PID);
        first.close();
        first.close();
        assertHeld(volume, true, OWN_PID);
        second.close();
        VolumeLock.acquire(volume, true).close();
    }

    @Test
    void theLockFileNamesTheHolderAndGoesWithIt() throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            assertThat(lockFile()).hasContent("holdfast process " + OWN_PID + "\n");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(lockFile())))
                    .isEqualTo("rw-------");
        }
        assertThat(lockFile()).doesNotExist();
        try (VolumeLock _ = VolumeLock.acquire(volume, false)) {
            assertThat(lockFile()).exists();
        }
        assertThat(lockFile()).doesNotExist();
    }

    @Test
    void aWriterInAnotherProcessIsNamed() throws Exception {
        Child child = child(volume, true);
        assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
        assertHeld(volume, true, child.process().pid());
        assertHeld(volume, false, child.process().pid());
        child.end();
        assertThat(lockFile()).doesNotExist();
        VolumeLock.acquire(volume, true).close();
    }

    @Test
    void anotherProcessIsToldOfUs() throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            assertThat(child(volume, true).answer()).isEqualTo("HELD %s is in use by process %d", volume, OWN_PID);
            assertThat(child(volume, false).answer()).isEqualTo("HELD %s is in use by process %d", volume, OWN_PID);
        }
    }

    @Test
    void readersInTwoProcessesShare() throws Exception {
        Child child = child(volume, false);
        assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
        assertHeld(volume, true, child.process().pid());
        VolumeLock own = VolumeLock.acquire(volume, false);
        child.end();
        assertThat(lockFile()).as("still ours").exists();
        own.close();
        assertThat(lockFile()).doesNotExist();
    }

    @Test
    void aKilledProcessIsNoObstacle() throws Exception {
        for (boolean writable : new boolean[] {true, false}) {
            Child child = child(volume, writable);
            assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
            child.kill();
            assertThat(lockFile()).exists();
            try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
                assertThat(lockFile()).hasContent("holdfast process " + OWN_PID + "\n");
            }
            assertThat(lockFile()).doesNotExist();
        }
    }

    @Test
    void symbolicAndHardLinksLeadToTheSameVolume() throws Exception {
        Path symbolic = Files.createSymbolicLink(directory.resolve("symbolic"), volume);
        Path hard = Files.createLink(directory.resolve("hard"), volume);
        try (VolumeLock _ = VolumeLock.acquire(symbolic, true)) {
            assertThat(lockFile()).exists();
            assertHeld(volume, true, OWN_PID);
            assertHeld(hard, true, OWN_PID);
        }
        Child child = child(hard, true);
        assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
        assertHeld(volume, true, child.process().pid());
        assertHeld(symbolic, false, child.process().pid());
        assertThat(lockFile()).as("given up again").doesNotExist();
        child.end();
    }

    /** Closing any descriptor of a file drops the process's locks on it: the lock file holds all the same. */
    @Test
    void foreignCodeInThisProcessCannotDropTheLock() throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            Files.readAllBytes(volume);
            assertThat(child(volume, true).answer()).startsWith("HELD");
        }
    }

    /** Our own descriptors do not even drop the lock on the volume itself, which the hard link depends on. */
    @Test
    void devicesOfThisProcessDoNotDropTheLockOnTheVolume() throws Exception {
        Path hard = Files.createLink(directory.resolve("hard"), volume);
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            FileDevice.open(volume, true, true).close();
            DeviceProbe.probe(volume);
            assertThat(child(hard, true).answer()).isEqualTo("HELD %s is in use by process %d", hard, OWN_PID);
        }
        Child child = child(hard, true);
        assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
    }

    @Test
    void locksVolumesWhoseDirectoryHasNoRoomForALockFile() throws Exception {
        Path longName = directory.resolve("v".repeat(254));
        FileDevice.create(longName, 1 << 20, false).close();
        try (VolumeLock _ = VolumeLock.acquire(longName, true)) {
            assertThat(child(longName, true).answer()).endsWith("is in use by process " + OWN_PID);
        }
        VolumeLock.acquire(longName, true).close();
    }

    @Test
    void doesNotTouchAFileThatIsNotItsOwn() throws Exception {
        Files.writeString(lockFile(), "somebody's notes");
        assertThatThrownBy(() -> VolumeLock.acquire(volume, true)).hasMessageContaining(lockFile() + " is in the way");
        assertThat(lockFile()).hasContent("somebody's notes");
        Files.delete(lockFile());
        Path victim = Files.createFile(directory.resolve("victim"));
        Files.createSymbolicLink(lockFile(), victim);
        assertThatThrownBy(() -> VolumeLock.acquire(volume, true)).hasMessageContaining("is in the way");
        assertThat(victim).isEmptyFile();
    }

    @Test
    void takesOverWhatACrashLeftOfALockFile() throws Exception {
        for (byte[] left : List.of(new byte[0], new byte[21])) {
            Files.write(lockFile(), left);
            try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
                assertThat(lockFile()).hasContent("holdfast process " + OWN_PID + "\n");
            }
        }
    }

    @Test
    void leavesAReplacedLockFileAlone() throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
            Files.delete(lockFile());
            Files.writeString(lockFile(), "holdfast process 1\n");
        }
        assertThat(lockFile()).exists();
    }

    @Test
    void saysWhatDoesNotExist() {
        assertThatThrownBy(() -> VolumeLock.acquire(directory.resolve("missing"), true))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }

    /** Two processes take and give up the lock as fast as they can; never do both have it. */
    @Test
    void onlyOneOfManyHasIt() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger successes = new AtomicInteger();
        try (ExecutorService executor =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Future<?>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                results.add(executor.submit(() -> {
                    for (int i = 0; i < 200; i++) {
                        try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
                            assertThat(inside.incrementAndGet()).isEqualTo(1);
                            successes.incrementAndGet();
                            inside.decrementAndGet();
                        } catch (HoldfastException e) {
                            assertThat(e.code()).isEqualTo(ErrorCode.HELD);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        }
        assertThat(successes.get()).isPositive();
        assertThat(lockFile()).doesNotExist();
    }

    /** Each process counts up a number under the lock and removes the lock file: a lost race is a lost count. */
    @Test
    void processesThatMeetAtTheRemovalExcludeEachOther() throws Exception {
        Path counter = Files.write(directory.resolve("counter"), new byte[Long.BYTES]);
        int rounds = 500;
        List<Process> racers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Process racer = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            LockRacingProgram.class.getName(),
                            lockFile().toString(),
                            counter.toString(),
                            Integer.toString(rounds))
                    .inheritIO()
                    .start();
            children.add(racer);
            racers.add(racer);
        }
        for (Process racer : racers) {
            assertThat(racer.waitFor()).isZero();
        }
        try (FileChannel channel = FileChannel.open(counter, StandardOpenOption.READ)) {
            assertThat(LockRacingProgram.read(channel)).isEqualTo(3L * rounds);
        }
        assertThat(lockFile()).doesNotExist();
    }

    @Test
    void locksBlockDevicesByTheirNumber() throws Exception {
        LoopDevice loop = LoopDevice.on(volume).orElse(null);
        Assumptions.assumeTrue(loop != null, "no loop device");
        try (loop) {
            Path link = Files.createSymbolicLink(directory.resolve("link"), loop.node());
            BlockDeviceNumber number = BlockDeviceNumber.of(loop.node()).orElseThrow();
            Path place = Path.of("/run/holdfast/block-%d-%d.lock".formatted(number.major(), number.minor()));
            try (VolumeLock _ = VolumeLock.acquire(loop.node(), true)) {
                assertHeld(link, false, OWN_PID);
                assertThat(place).exists();
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place.getParent())))
                        .isEqualTo("rwx------");
                assertThat(child(link, true).answer()).isEqualTo("HELD %s is in use by process %d", link, OWN_PID);
            }
            assertThat(place).doesNotExist();
        }
    }

    @Test
    void refusesAMountedBlockDevice() throws Exception {
        Path image = directory.resolve("mounted.img");
        FileDevice.create(image, 8 << 20, false).close();
        Path mountPoint = Files.createDirectory(directory.resolve("mnt"));
        Tool.Result made = Tool.run("mkfs.ext4", "-q", "-F", image.toString());
        LoopDevice loop = made.status() == 0 ? LoopDevice.on(image).orElse(null) : null;
        Assumptions.assumeTrue(loop != null, "no mkfs.ext4 or no loop device");
        try (loop) {
            Tool.Result mounted = Tool.run("mount", loop.node().toString(), mountPoint.toString());
            if (mounted.status() != 0) {
                System.out.println("SKIPPED: cannot mount: " + mounted.output());
            }
            Assumptions.assumeTrue(mounted.status() == 0, "cannot mount");
            try {
                assertThatThrownBy(() -> VolumeLock.acquire(loop.node(), true))
                        .hasMessageContaining(loop.node() + " is in use: mounted at " + mountPoint);
            } finally {
                Tool.run("umount", mountPoint.toString());
            }
            VolumeLock.acquire(loop.node(), true).close();
        }
    }

    private LoopDevice loop(Path below, String... options) throws Exception {
        Optional<LoopDevice> loop = LoopDevice.on(below, options);
        Assumptions.assumeTrue(loop.isPresent(), "no loop device to be had");
        return loop.get();
    }

    private static void assertHeldBelow(Path path, boolean writable, Path below) throws Exception {
        assertThatThrownBy(() -> VolumeLock.acquire(path, writable))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD))
                .hasMessageStartingWith(path + " lies on " + below.toRealPath() + ", which is in use by process ");
    }

    @Test
    void aLoopDeviceIsNotOpenedBesideTheFileItLiesOn() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), volume);
        try (LoopDevice loop = loop(link)) {
            Child child = child(volume, true);
            assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
            assertHeldBelow(loop.node(), true, volume);
            assertHeldBelow(loop.node(), false, volume);
            child.end();
            VolumeLock.acquire(loop.node(), true).close();
            try (VolumeLock _ = VolumeLock.acquire(volume, true)) {
                assertHeldBelow(loop.node(), true, volume);
            }
        }
    }

    @Test
    void aFileIsNotOpenedBesideALoopDeviceOnIt() throws Exception {
        Path other = Files.createLink(directory.resolve("hard"), volume);
        try (LoopDevice loop = loop(volume)) {
            Child child = child(loop.node(), true);
            assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
            assertHeld(volume, true, child.process().pid());
            assertHeld(other, false, child.process().pid());
            child.end();
            VolumeLock.acquire(other, true).close();
        }
    }

    @Test
    void loopDevicesOverOneFileExcludeEachOtherWhereTheyOverlap() throws Exception {
        try (LoopDevice whole = loop(volume);
                LoopDevice second = loop(volume);
                LoopDevice front = loop(volume, "--sizelimit", "524288");
                LoopDevice back = loop(volume, "--offset", "524288")) {
            Child child = child(whole.node(), true);
            assertHeldBelow(second.node(), true, volume);
            assertHeldBelow(back.node(), false, volume);
            child.end();
            child = child(front.node(), true);
            assertHeldBelow(whole.node(), true, volume);
            VolumeLock.acquire(back.node(), true).close();
            child.end();
        }
    }

    @Test
    void aLoopDeviceOverALoopDeviceLeadsToTheSameFile() throws Exception {
        try (LoopDevice lower = loop(volume);
                LoopDevice upper = loop(lower.node())) {
            Child child = child(volume, true);
            assertHeldBelow(lower.node(), true, volume);
            assertThatThrownBy(() -> VolumeLock.acquire(upper.node(), true))
                    .hasMessageContaining("is in use by process");
            child.end();
            child = child(upper.node(), true);
            assertHeld(volume, true, child.process().pid());
            assertThatThrownBy(() -> VolumeLock.acquire(lower.node(), true)).hasMessageContaining("in use");
            child.end();
        }
    }

    @Test
    void readersThroughALoopDeviceShare() throws Exception {
        try (LoopDevice loop = loop(volume)) {
            Child child = child(loop.node(), false);
            assertThat(child.answer()).isEqualTo(LockHoldingProgram.LOCKED);
            VolumeLock.acquire(volume, false).close();
            assertHeld(volume, true, child.process().pid());
            child.end();
        }
    }

    @Test
    void aFileIsKnownWhateverPathLeadsToIt() throws Exception {
        Path hard = Files.createLink(directory.resolve("hard"), volume);
        try (VolumeLock lock = VolumeLock.acquire(volume, true)) {
            assertThat(VolumeLock.storageAt(hard)).isEqualTo(lock.storage());
            Files.move(volume, directory.resolve("renamed"));
            FileDevice.create(volume, 1 << 20, false).close();
            assertThat(VolumeLock.storageAt(volume)).isNotEqualTo(lock.storage());
            assertThat(VolumeLock.storageAt(directory.resolve("renamed"))).isEqualTo(lock.storage());
        }
    }
}
