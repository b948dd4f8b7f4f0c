package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.check.VolumeFileDamage;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code check --repair} and {@code --undo-repair} on a real volume. */
@Timeout(120)
class CheckRepairTest {
    private static final int DAMAGED = 1;
    private static final int BLOCK = 4096;
    private static final String UNDO = "--undo-repair";

    @TempDir
    private Path folder;

    private Path volume;
    private long inode;
    private String out = "";
    private String err = "";

    @BeforeEach
    void make() throws IOException {
        volume = folder.resolve("v");
        Volumes.format(volume, FormatOptions.ofSize(16L << 20));
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY))) {
            for (String path : List.of("/a", "/b")) {
                try (StoredFile file = open.create(path, CreateOptions.file())) {
                    file.write(0, MemorySegment.ofArray(new byte[3 * BLOCK]).fill((byte) path.charAt(1)));
                }
            }
            inode = open.status("/a").inode();
        }
    }

    private void damage() throws IOException {
        VolumeFileDamage.of(volume).removeEntry(1, "a");
        VolumeFileDamage.of(volume).spaceBits(inode);
    }

    /** Runs a command with somebody there who gives an answer; with nobody for null. */
    private int runAnswering(String answer, String... args) {
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        int status = new HoldfastCli(new CliContext(
                        Engine.HOLDFAST,
                        new ByteArrayInputStream(
                                answer == null ? new byte[0] : answer.getBytes(StandardCharsets.UTF_8)),
                        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8),
                        () -> false,
                        () -> answer != null,
                        Cancellation.none()))
                .run(args);
        out = outBytes.toString(StandardCharsets.UTF_8);
        err = errBytes.toString(StandardCharsets.UTF_8);
        return status;
    }

    private int check(String... options) {
        String[] args = new String[options.length + 2];
        args[0] = "check";
        args[1] = volume.toString();
        System.arraycopy(options, 0, args, 2, options.length);
        return runAnswering(null, args);
    }

    @Test
    void aDryRunShowsAndChangesNothing() throws IOException {
        damage();
        byte[] before = Files.readAllBytes(volume);
        assertThat(check("--repair", "--dry-run")).as(err).isEqualTo(1);
        assertThat(out)
                .contains(
                        "DAMAGED: 3 problems",
                        "repair space map block 0: of blocks 0 to 4095, 1 that are in use and marked free are marked in use,"
                                + " and 1 that nothing points to come free; nothing is lost",
                        "repair inode: inode " + inode + " has no name, and is named /lost+found/inode-" + inode,
                        "a repair would mend 3 of 3 findings; nothing was changed");
        assertThat(volume).hasBinaryContent(before);
    }

    @Test
    void yesRepairsAndChecksAgain() throws IOException {
        damage();
        assertThat(check("--repair", "--yes")).as(err + out).isZero();
        assertThat(out)
                .containsSubsequence(
                        "DAMAGED: 3 problems",
                        "repair inode:",
                        "repaired; until the volume is opened for writing",
                        "clean");
        assertThat(runAnswering(null, "ls", volume.toString(), "/lost+found")).isZero();
        assertThat(out).contains("inode-" + inode);
        assertThat(runAnswering(null, "create", volume.toString(), "/new", "--size", "1M"))
                .as(err)
                .isZero();
        assertThat(check()).as(out).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"y\n", "Yes\n", "y"})
    void anAnswerRepairs(String answer) throws IOException {
        damage();
        assertThat(runAnswering(answer, "check", volume.toString(), "--repair")).isZero();
        assertThat(err).contains("Repair 3 of 3 findings? [y/N] ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "n\n", "", "yesss\n", "no way at all, and a long line besides\n"})
    void anyOtherAnswerChangesNothing(String answer) throws IOException {
        damage();
        byte[] before = Files.readAllBytes(volume);
        assertThat(runAnswering(answer, "check", volume.toString(), "--repair")).isEqualTo(1);
        assertThat(out).endsWith("nothing was changed\n");
        assertThat(volume).hasBinaryContent(before);
    }

    @Test
    void withoutATerminalItSaysWhatToGive() throws IOException {
        damage();
        assertThat(check("--repair")).isEqualTo(2);
        assertThat(err).contains("no terminal to ask on", "--yes", "--dry-run");
        assertThat(out).isEmpty();
    }

    @Test
    void aVolumeWithoutDamage() {
        assertThat(check("--repair", "--yes")).isZero();
        assertThat(out).endsWith("there is nothing to repair\n");
    }

    @Test
    void damageThatNoRepairMends() throws IOException {
        VolumeFileDamage.of(volume).data(inode, 0);
        assertThat(check("--repair", "--yes")).isEqualTo(1);
        assertThat(out)
                .contains("not repaired: data block", "put a good copy of the file in its place")
                .endsWith("there is nothing to repair without a second copy\n");
    }

    @Test
    void aPartIsMendedAndTheRestIsToldAgain() throws IOException {
        VolumeFileDamage.of(volume).data(inode, 0);
        VolumeFileDamage.of(volume).spaceBits(inode);
        assertThat(check("--repair", "--yes")).isEqualTo(1);
        assertThat(out).contains("DAMAGED: 3 problems", "repaired;", "DAMAGED: 1 problem\n");
    }

    @Test
    void undo() throws IOException {
        damage();
        check();
        String damaged = out.lines().limit(3).toList().toString();
        assertThat(check("--repair", "--yes")).isZero();
        assertThat(check(UNDO)).as(err).isZero();
        assertThat(out).contains("is undone: the volume is as it was before it");
        assertThat(check()).isEqualTo(1);
        assertThat(out.lines().limit(3).toList()).hasToString(damaged);
        assertThat(check(UNDO)).isEqualTo(5);
    }

    @Test
    void undoTooLate() throws IOException {
        assertThat(check(UNDO)).isEqualTo(5);
        assertThat(err).contains("no repair to undo");
        damage();
        assertThat(check("--repair", "--yes")).isZero();
        assertThat(runAnswering(null, "create", volume.toString(), "/new", "--size", "1M"))
                .isZero();
        assertThat(check(UNDO)).isEqualTo(5);
        assertThat(err).contains("it is too late, since the volume was opened for writing after it");
        assertThat(check()).isZero();
    }

    /** {@code ServedRepairTest} repairs one; here the server has no way to open it again. */
    @Test
    void aServedVolume() throws IOException {
        damage();
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY));
                ControlServer _ = ControlServer.start(open, ControlPath.of(volume))) {
            assertThat(check("--repair", "--dry-run")).as(err).isEqualTo(1);
            assertThat(out)
                    .contains(
                            "repair inode: inode " + inode + " has no name",
                            "a repair would mend 3 of 3 findings; nothing was changed");
            assertThat(check("--repair", "--yes")).isNotZero();
            assertThat(out).contains("the volume is being served: for the repair its clients wait, for about 1 s");
            assertThat(err).contains("cannot open its volume again");
            assertThat(check(UNDO)).isEqualTo(5);
            assertThat(err).contains("it is too late to undo a repair");
            assertThat(check()).isEqualTo(1);
        }
    }

    /** Each command ends its repair before it ends itself, so the next one never finds the volume busy. */
    @Test
    void oneRepairStraightAfterAnother() throws IOException {
        damage();
        try (Volume open = Volumes.open(volume, OpenOptions.readWrite().withMemory(OpenOptions.MIN_MEMORY));
                ControlServer _ = ControlServer.start(open, ControlPath.of(volume))) {
            for (int round = 0; round < 200; round++) {
                assertThat(check("--repair", "--dry-run")).as(err).isEqualTo(DAMAGED);
                assertThat(runAnswering("n\n", "check", volume.toString(), "--repair"))
                        .as(err)
                        .isEqualTo(DAMAGED);
            }
            check("--repair", "--yes");
            assertThat(err).contains("cannot open its volume again");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"--dry-run", "--yes", "--undo-repair --repair", "--undo-repair --yes", "--repair --dry-run --yes"
            })
    void optionsThatDoNotGoTogether(String options) {
        assertThat(check(options.split(" "))).isEqualTo(2);
        assertThat(err).isNotBlank();
    }

    @Test
    void json() throws IOException {
        damage();
        assertThat(check("--repair", "--yes", "--json")).isZero();
        List<JsonNode> lines = out.lines()
                .map(line -> JsonMapper.builder().build().readTree(line))
                .toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0).path("clean").asBoolean()).isFalse();
        assertThat(lines.get(1).path("repair_count").asInt()).isEqualTo(2);
        assertThat(lines.get(1).path("mended").asInt()).isEqualTo(3);
        assertThat(lines.get(2).path("repaired").asBoolean()).isTrue();
        assertThat(lines.get(3).path("clean").asBoolean()).isTrue();
        assertThat(check(UNDO, "--json")).isZero();
        assertThat(out.strip()).isEqualTo("{\"undone\":true}");
    }
}
