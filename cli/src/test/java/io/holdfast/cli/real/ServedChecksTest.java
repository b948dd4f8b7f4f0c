package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.demo.RealServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Checks of a volume that a process serves: as jobs, by a schedule, and in what the server says of them. */
@Tag("slow")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServedChecksTest {
    private static final int DATA_BYTES = 12 << 20;

    @TempDir
    private Path folder;

    private RealServer server;

    @BeforeEach
    void make() throws IOException {
        server = new RealServer(folder, "64M");
        byte[] data = new byte[DATA_BYTES];
        new Random(1).nextBytes(data);
        Path file = folder.resolve("data");
        Files.write(file, data);
        server.run("import", file.toString(), "VOLUME", "/disk");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private JsonNode check() throws IOException {
        for (JsonNode job : server.run("jobs", "VOLUME").path("jobs")) {
            if (job.path("kind").asString().equals("check")) {
                return job;
            }
        }
        return server.run("jobs", "VOLUME").path("none");
    }

    /** Waits until the job of the check is so. */
    private JsonNode await(Predicate<JsonNode> wanted) throws IOException {
        JsonNode job = check();
        while (!wanted.test(job)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            job = check();
        }
        return job;
    }

    private Process begin(String... options) throws IOException {
        return server.spawn("check", options);
    }

    @Test
    void aCheckIsPausedChangedResumedAndEnds() throws Exception {
        server.start();
        Process check = begin("--rate", "1K");
        JsonNode job = await(found -> !found.isMissingNode());
        String id = job.path("id").asString();
        assertThat(job.path("limit_bytes").asLong()).isEqualTo(1024);
        server.run("jobs", "VOLUME", "pause", id);
        assertThat(server.run("info", "VOLUME")
                        .path("running_check")
                        .path("state")
                        .asString())
                .isEqualTo("paused");
        assertThatThrownBy(() -> server.run("check", "VOLUME"))
                .hasMessageContaining("a check runs already (job " + id + ", paused");
        assertThat(server.run("jobs", "VOLUME", "rate", id, "none")
                        .path("jobs")
                        .path(0)
                        .path("limit_bytes")
                        .asLong())
                .isZero();
        server.run("jobs", "VOLUME", "resume", id);
        assertThat(check.waitFor()).isZero();
        server.awaitLog("check: clean, exit status 0");
        JsonNode last = server.run("info", "VOLUME").path("last_check");
        assertThat(last.path("result").asString()).isEqualTo("clean");
        assertThat(Instant.parse(last.path("finished").asString())).isAfter(Instant.EPOCH);
        assertThat(server.stop()).isZero();
        server.start();
        assertThat(server.run("info", "VOLUME").path("last_check")).isEqualTo(last);
    }

    @Test
    void aCheckEndsWithItsCommandAlsoWhileItIsPaused() throws Exception {
        server.start();
        for (boolean kill : new boolean[] {true, false}) {
            Process check = begin("--rate", "1K");
            String id = await(found -> !found.isMissingNode()).path("id").asString();
            server.run("jobs", "VOLUME", "pause", id);
            if (kill) {
                check.destroyForcibly();
            } else {
                check.destroy();
            }
            check.waitFor();
            await(JsonNode::isMissingNode);
        }
        server.awaitLog("check: ended after .* since the command that asked for it has gone");
        assertThat(server.run("info", "VOLUME").path("last_check").isMissingNode())
                .isTrue();
    }

    @Test
    void aCheckThatIsCancelledSaysSo() throws Exception {
        server.start();
        Process check = begin("--rate", "1K");
        server.run(
                "jobs",
                "VOLUME",
                "cancel",
                await(found -> !found.isMissingNode()).path("id").asString());
        assertThat(check.waitFor()).isEqualTo(130);
        server.awaitLog("check: cancelled after .*, exit status 130");
    }

    @Test
    void aServerStopsWhileACheckIsPaused() throws Exception {
        server.start();
        Process check = begin("--rate", "1K");
        server.run(
                "jobs",
                "VOLUME",
                "pause",
                await(found -> !found.isMissingNode()).path("id").asString());
        assertThat(server.stop()).isZero();
        assertThat(check.waitFor()).isNotZero();
    }

    @Test
    void partsAreChecked() throws IOException {
        server.start();
        JsonNode metadata = server.run("check", "VOLUME", "--metadata-only", "--rate", "1G");
        assertThat(metadata.path("scope").asString()).isEqualTo("metadata");
        assertThat(metadata.path("blocks_verified").asLong()).isZero();
        assertThat(metadata.path("not_checked").size()).isEqualTo(1);
        JsonNode file = server.run("check", "VOLUME", "--file", "/disk");
        assertThat(file.path("scope").asString()).isEqualTo("files");
        assertThat(file.path("blocks_verified").asLong()).isEqualTo(DATA_BYTES / 4096);
        assertThat(server.run("info", "VOLUME").path("last_check").isMissingNode())
                .isTrue();
    }

    @Test
    void aScheduledCheckComesByItselfAndAfterARestartWhenItIsTime() throws IOException {
        server.start("--check-every", "1s");
        server.awaitLog("(?s)check: clean, exit status 0.*check: clean, exit status 0");
        assertThat(server.stop()).isZero();
        String last =
                server.run("info", "VOLUME").path("last_check").path("finished").asString();
        server.start("--check-every", "1d");
        // It looks once a second; the next one would be here.
        server.run("check", "VOLUME", "--metadata-only");
        assertThat(server.run("info", "VOLUME")
                        .path("last_check")
                        .path("finished")
                        .asString())
                .isEqualTo(last);
    }

    @Test
    void aScheduledCheckThatIsCutByAStopBeginsAgain() throws Exception {
        server.start("--check-every", "7d");
        // It may have ended before anybody could pause it; then there is nothing to cut.
        JsonNode job = await(found -> !found.isMissingNode() || isChecked());
        assertThat(server.stop()).isZero();
        server.start("--check-every", "7d");
        if (!job.isMissingNode()) {
            await(found -> isChecked());
        }
        assertThat(isChecked()).isTrue();
    }

    @Test
    void whatIsSetOfTheReaperIsThereAfterARestart() throws Exception {
        server.start();
        String id = reaper().path("id").asString();
        server.run("jobs", "VOLUME", "pause", id);
        server.run("jobs", "VOLUME", "rate", id, "3M");
        server.kill();
        server.start();
        assertThat(reaper().path("state").asString()).isEqualTo("paused");
        assertThat(reaper().path("limit_bytes").asLong()).isEqualTo(3 << 20);
        server.run("jobs", "VOLUME", "resume", reaper().path("id").asString());
        assertThat(server.stop()).isZero();
        server.start();
        assertThat(reaper().path("state").asString()).isEqualTo("waiting");
    }

    private JsonNode reaper() throws IOException {
        for (JsonNode job : server.run("jobs", "VOLUME").path("jobs")) {
            if (job.path("kind").asString().equals("reap")) {
                return job;
            }
        }
        throw new AssertionError("no reaper");
    }

    private boolean isChecked() {
        try {
            return !server.run("info", "VOLUME").path("last_check").isMissingNode();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void damageIsAnErrorWithWhatToDo() throws IOException {
        damageData();
        server.start("--check-every", "7d");
        server.awaitLog("found by a check: data block \\d+: inode \\d+, offset \\d+: it does not match its checksum");
        server.awaitLog("check: DAMAGED, problems: 1, exit status 1, after .*; what to do: ");
        JsonNode info = server.run("info", "VOLUME");
        assertThat(info.path("last_check").path("result").asString()).isEqualTo("damaged");
        assertThat(info.path("last_check").path("problem_count").asLong()).isEqualTo(1);
    }

    /** Changes a byte of the file's data on the device. */
    private void damageData() throws IOException {
        byte[] all = Files.readAllBytes(server.volume());
        byte[] data = Files.readAllBytes(folder.resolve("data"));
        for (int block = all.length / 4096 - 1; block > 0; block--) {
            if (java.util.Arrays.equals(all, block * 4096, (block + 1) * 4096, data, 40 * 4096, 41 * 4096)) {
                all[block * 4096 + 9] ^= 1;
                Files.write(server.volume(), all);
                return;
            }
        }
        throw new AssertionError("the data is nowhere");
    }
}
