package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.InUse;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeFiles;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a user has open is not taken away from it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FilesInUseTest {
    private static final long SIZE = 1 << 20;

    private StoredVolume volume;

    @BeforeEach
    void open() throws HoldfastException {
        volume = TestVolumes.open(TestVolumes.formatted(16), 1);
        volume.mkdir("/vms", CreateOptions.directory());
        volume.mkdir("/vms/a", CreateOptions.directory());
        volume.create("/vms/a/d", CreateOptions.file().withSize(SIZE)).close();
        volume.create("/other", CreateOptions.file()).close();
        volume.symlink("/link", "/vms/a");
    }

    @AfterEach
    void close() throws HoldfastException {
        TestVolumes.assertAtRest(volume);
        volume.close();
    }

    /** A client that closes its file when it is told to, or when a test lets it. */
    private final class Client implements FileUser {
        final String name;
        final VolumeFiles files;
        final List<StoredFile> open = new ArrayList<>();
        final CountDownLatch asked = new CountDownLatch(1);
        boolean begun = true;
        boolean obeys = true;

        Client(String name) {
            this.name = name;
            this.files = volume.as(this);
        }

        Client opens(String path) throws HoldfastException {
            open.add(files.openDisk(path));
            return this;
        }

        @Override
        public String description() {
            return name;
        }

        @Override
        public boolean hasBegun() {
            return begun;
        }

        @Override
        public void cutOff() {
            asked.countDown();
            if (obeys) {
                close();
            }
        }

        void close() {
            open.forEach(StoredFile::close);
            open.clear();
        }
    }

    private static void assertInUse(ThrowingCallable call, String... said) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
                .hasMessageContainingAll(said);
    }

    @Test
    void nobodyElseTakesItAwayAndTheMessageSaysWhoHasIt() throws Exception {
        Client first = new Client("client 1").opens("/vms/a/d");
        Client second = new Client("client 2").opens("/link/d");
        String[] said = {"/vms/a/d", "client 1", "client 2", "--disconnect"};
        for (VolumeFiles files : List.of(volume, volume.as(new Client("a command")), first.files)) {
            assertInUse(() -> files.remove("/vms/a/d"), "client 2");
            assertInUse(() -> files.remove("/link/d"), "client 2");
            assertInUse(() -> files.rename("/other", "/vms/a/d"), "client 2");
            assertInUse(() -> files.rename("/vms/a/d", "/elsewhere"), "client 2");
            assertInUse(() -> files.rename("/vms", "/elsewhere"), "client 2");
            assertInUse(() -> files.rename("/vms/a", "/elsewhere"), "client 2");
            assertInUse(() -> files.claim(List.of("/other", "/vms"), InUse.REFUSE), "client 2");
            assertInUse(() -> files.claimSize("/link/d", InUse.REFUSE), "client 2");
            try (StoredFile file = files.open("/vms/a/d")) {
                assertInUse(() -> file.truncate(4096), "client 2");
                file.truncate(2 * SIZE);
                file.truncate(2 * SIZE);
            }
        }
        assertInUse(() -> volume.remove("/vms/a/d"), said);
        // Nothing that is not above it is held.
        volume.rename("/other", "/vms/a/e");
        volume.rename("/vms/a/e", "/vmsx");
        volume.rename("/link", "/link2");
        first.close();
        assertInUse(() -> volume.remove("/vms/a/d"), "client 2");
        second.close();
        volume.rename("/vms", "/elsewhere");
        volume.remove("/elsewhere/a/d");
    }

    @Test
    void aUserIsNotInItsOwnWay() throws Exception {
        Client command = new Client("import");
        try (StoredFile file = command.files.create("/.new", CreateOptions.file())) {
            file.write(0, MemorySegment.ofArray(new byte[100]));
            assertInUse(() -> volume.remove("/.new"), "import");
            file.truncate(10);
            command.files.rename("/.new", "/other");
            assertInUse(() -> volume.remove("/other"), "/other", "import");
        }
        volume.remove("/other");
    }

    @Test
    void whoHasNotBegunDoesNotKeepAFileFromBeingCut() throws Exception {
        Client client = new Client("client");
        client.begun = false;
        client.opens("/vms/a/d");
        try (StoredFile file = volume.open("/vms/a/d")) {
            file.truncate(4096);
            client.begun = true;
            assertInUse(() -> file.truncate(0), "client");
            assertInUse(() -> volume.remove("/vms/a/d"), "client");
        }
        assertThat(client.open.getFirst().size()).isEqualTo(4096);
        client.close();
    }

    @Test
    void whatIsCutOffIsWaitedForAndNobodyComesBackBeforeItIsDone() throws Exception {
        Client client = new Client("client").opens("/vms/a/d");
        client.obeys = false;
        Client command = new Client("rm");
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<FileClaim> claimed = threads.submit(() -> command.files.claim(List.of("/vms"), InUse.CUT_OFF));
            client.asked.await();
            // What is under way goes on, and is waited for; nobody comes in.
            client.open.getFirst().write(0, MemorySegment.ofArray(new byte[4096]));
            assertInUse(() -> new Client("late").opens("/vms/a/d"), "rm");
            assertInUse(() -> new Client("late").opens("/link/d"), "rm");
            assertInUse(() -> volume.rename("/vms/a", "/x"), "rm");
            assertThat(claimed.isDone()).isFalse();
            client.close();
            try (FileClaim claim = claimed.get()) {
                assertThat(claim.cutOff()).containsExactly(new FileClaim.CutOff("client", "/vms/a/d"));
                assertInUse(() -> client.opens("/vms/a/d"), "rm");
                command.files.remove("/vms/a/d");
            }
        }
        assertThatThrownBy(() -> client.opens("/vms/a/d")).hasMessageContaining("does not exist");
    }

    @Test
    void aFileIsCutWhenItsUsersAreCutOff() throws Exception {
        Client client = new Client("client").opens("/vms/a/d");
        Client idle = new Client("idle").opens("/vms/a/d");
        idle.begun = false;
        Client command = new Client("resize");
        try (FileClaim claim = command.files.claimSize("/link/d", InUse.CUT_OFF);
                StoredFile file = command.files.open("/vms/a/d")) {
            assertThat(claim.cutOff())
                    .containsExactly(
                            new FileClaim.CutOff("client", "/vms/a/d"), new FileClaim.CutOff("idle", "/vms/a/d"));
            assertThat(client.open).isEmpty();
            assertThat(idle.open).isEmpty();
            assertInUse(() -> client.opens("/vms/a/d"), "resize");
            assertInUse(() -> volume.remove("/vms/a/d"), "resize");
            file.truncate(4096);
        }
        assertThat(client.opens("/vms/a/d").open.getFirst().size()).isEqualTo(4096);
        client.close();
    }

    @Test
    void claimsThatOverlapAreOneAfterTheOther() throws Exception {
        Client a = new Client("command a");
        Client b = new Client("command b");
        try (FileClaim _ = a.files.claim(List.of("/vms"), InUse.REFUSE)) {
            assertInUse(() -> b.files.claim(List.of("/vms/a/d"), InUse.CUT_OFF), "command a");
            assertInUse(() -> b.files.claim(List.of("/"), InUse.REFUSE), "command a");
            assertInUse(() -> b.files.claimSize("/vms/a/d", InUse.REFUSE), "command a");
            assertInUse(() -> volume.remove("/vms/a/d"), "command a");
            a.files.claim(List.of("/vms/a"), InUse.REFUSE).close();
            b.files.claim(List.of("/vms2", "/other", "/" + "new"), InUse.REFUSE).close();
            a.files.remove("/vms/a/d");
        }
        volume.remove("/vms/a");
    }

    @Test
    void messagesNameAFileAsItIsCalledNow() throws Exception {
        try (StoredFile file = volume.open("/link/d");
                StoredFile disk = volume.openDisk("/vms/a/d")) {
            assertThatThrownBy(() -> disk.write(SIZE, MemorySegment.ofArray(new byte[1])))
                    .hasMessageContaining("/vms/a/d (inode " + file.inode() + ")");
            volume.rename("/vms/a", "/moved");
            assertThatThrownBy(() -> disk.write(SIZE, MemorySegment.ofArray(new byte[1])))
                    .hasMessageContaining(": /moved/d (inode");
            volume.rename("/moved/d", "/d");
            assertThatThrownBy(() -> disk.write(SIZE, MemorySegment.ofArray(new byte[1])))
                    .hasMessageContaining(": /d (inode");
            volume.remove("/d");
            assertThatThrownBy(() -> disk.write(SIZE, MemorySegment.ofArray(new byte[1])))
                    .hasMessageContaining("without a name (inode");
        }
    }
}
