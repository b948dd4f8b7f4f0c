package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.ExitCode;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.error.ErrorCode;
import io.holdfast.volume.OpenOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The exit codes that docs/COMMANDS.md promises are those that commands end with. Each command runs as in its example. */
class ExitCodesPageTest {
    private static final Path PAGE = Path.of("..", "docs", "COMMANDS.md");

    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void begin() {
        home = new Household(folder);
    }

    /** A row of the table. */
    private record Row(String meaning, List<String> errors) {}

    private static Map<Integer, Row> table() throws IOException {
        Map<Integer, Row> rows = new TreeMap<>();
        String page = Files.readString(PAGE);
        page.substring(page.indexOf("\n## Exit codes\n"), page.indexOf("\n## JSON\n"))
                .lines()
                .filter(line -> line.matches("\\| \\d+ \\|.*"))
                .map(line -> line.split("\\|"))
                .forEach(cells -> rows.put(
                        Integer.parseInt(cells[1].strip()),
                        new Row(
                                cells[2].strip().replace("`", "'").replace("'check'", "check"),
                                Arrays.stream(cells[3].split(","))
                                        .map(String::strip)
                                        .filter(word -> word.matches("[A-Z_]+"))
                                        .toList())));
        return rows;
    }

    @Test
    void thePageHasTheCodesAndWhatTheyMean() throws IOException {
        Map<Integer, Row> rows = table();
        assertThat(rows.keySet())
                .containsExactlyElementsOf(
                        Arrays.stream(ExitCode.values()).map(ExitCode::status).toList());
        for (ExitCode code : ExitCode.values()) {
            assertThat(rows.get(code.status()).meaning()).startsWith(code.meaning());
        }
    }

    /** Status 1 is for all other errors, so its row has only some of them. */
    @Test
    void thePageHasTheErrorsOfEachCode() throws IOException {
        Map<Integer, Row> rows = table();
        for (ErrorCode error : ErrorCode.values()) {
            int status = ExitCode.of(error).status();
            if (status != ExitCode.FAILURE.status()) {
                assertThat(rows.get(status).errors()).as("status " + status).contains(error.name());
            }
        }
        rows.forEach((status, row) -> row.errors()
                .forEach(error -> assertThat(
                                ExitCode.of(ErrorCode.valueOf(error)).status())
                        .as(error)
                        .isEqualTo(status)));
    }

    static Stream<String> onAVolume() {
        return Commands.shown().stream()
                .filter(command -> !List.of("format", "demo").contains(command));
    }

    /** Runs the example of a command with the volume, and with paths of the host in the folder of the test. */
    private Result run(String command) throws IOException {
        Path raw = folder.resolve("debian.raw");
        if (command.equals("import") && Files.notExists(raw)) {
            Files.writeString(raw, "data");
        }
        List<String> line = new ArrayList<>();
        for (String word : Examples.of(command).split(" ")) {
            line.add(
                    switch (word) {
                        case Examples.VOLUME -> "VOLUME";
                        case "debian.raw" -> raw.toString();
                        case "/srv/rescued" -> folder.resolve("rescued").toString();
                        case "unix:/run/holdfast/vms.nbd" -> "unix:" + folder.resolve("nbd");
                        default -> word;
                    });
        }
        line.removeFirst();
        return home.run(line.toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("onAVolume")
    void withoutAVolumeThereIsNoSuchFile(String command) throws IOException {
        Result result = run(command);
        assertThat(result.status()).as(result.err()).isEqualTo(5);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("holdfast: ");
    }

    @ParameterizedTest
    @MethodSource("onAVolume")
    void anotherFileIsNoVolume(String command) throws IOException {
        Files.writeString(home.volume, "something else");
        Result result = run(command);
        assertThat(result.status()).as(result.err()).isEqualTo(8);
        assertThat(result.out()).isEmpty();
    }

    /** Not all commands: each waits some seconds for the other process to end. */
    @ParameterizedTest
    @ValueSource(strings = {"ls", "create", "import", "serve"})
    void aVolumeThatAnotherProcessHoldsIsNotOpened(String command) throws IOException {
        home.formatted();
        try (var held = home.hold()) {
            assertThat(held.info().size()).isPositive();
            Result result = run(command);
            assertThat(result.status()).as(result.err()).isEqualTo(3);
            assertThat(result.out()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"create", "mkdir", "cp", "mv", "rm", "resize", "grow", "import"})
    void aServerThatIsReadOnlyRefusesChanges(String command) throws IOException {
        home.formatted();
        home.run("create", "VOLUME", "/debian.img", "--size", "1M");
        home.run("mkdir", "-p", "VOLUME", "/vms/old");
        home.serve(OpenOptions.reading());
        Result result = command.equals("import") ? home.run("import", "-", "VOLUME", "/new") : run(command);
        assertThat(result.status()).as(result.err()).isEqualTo(10);
        home.close();
    }

    @ParameterizedTest
    @MethodSource("io.holdfast.cli.command.ExamplesTest#commands")
    void anUnknownOptionIsWrongUseAndHelpIsNone(String command) {
        assertThat(home.run(command, "--no-such-option").status()).isEqualTo(2);
        assertThat(home.run(command, "--help").status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stat", "cp", "mv", "rm", "resize", "export", "du"})
    void whatIsNotInTheVolumeIsNotFound(String command) throws IOException {
        home.formatted();
        assertThat(run(command).status()).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"format", "create", "import", "mkdir"})
    void whatIsThereStays(String command) throws IOException {
        home.formatted();
        home.run("create", "VOLUME", "/debian.img", "--size", "1M");
        Result result = command.equals("mkdir") ? home.run("mkdir", "VOLUME", "/debian.img") : run(command);
        assertThat(result.status()).as(result.err()).isEqualTo(6);
    }
}
