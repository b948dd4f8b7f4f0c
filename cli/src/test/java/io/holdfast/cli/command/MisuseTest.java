package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.ExitCode;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.volume.OpenOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command says to someone who got it wrong, and what its help promises. */
class MisuseTest {
    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() {
        home = new Household(folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "frobnicate",
                "ls",
                "create VOLUME /x",
                "create VOLUME /x --size",
                "create VOLUME /x --size 4X",
                "create VOLUME /x --size 4G --what",
                "format VOLUME --size 64M --checksum md5",
                "serve VOLUME",
                "serve VOLUME --nbd udp:1",
                "serve VOLUME --nbd unix:/tmp/x --sector-size 1000",
                "serve VOLUME --nbd unix:/tmp/x --tls-verify-peer",
                "serve VOLUME --nbd unix:/tmp/x --max-connections 0",
                "mv VOLUME /x"
            })
    void misuseIsOneClearLineAndAHint(String line) {
        home.formatted();
        Result result = home.run(line.isEmpty() ? new String[0] : line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("holdfast: ").doesNotContain("\tat ");
        assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
    }

    @Test
    void helpListsEveryExitCode() {
        String help = home.run("--help").out();
        for (ExitCode code : ExitCode.values()) {
            assertThat(help.replaceAll("\\s+", " ")).contains(" " + code.status() + " " + code.meaning());
        }
        assertThat(help).doesNotContain("scribble");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "format", "create", "mkdir", "ls", "stat", "mv", "rm", "resize", "import", "export", "serve", "check",
                "df", "info", "demo"
            })
    void everyCommandHasHelp(String command) {
        Result result = home.run(command, "--help");
        assertThat(result.status()).isZero();
        assertThat(result.out()).startsWith("Usage: holdfast " + command).contains("--json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "-V", "--version ls"})
    void versionIsTheSameHoweverItIsAskedFor(String line) {
        Result result = home.run(line.split(" "));
        assertThat(result.status()).isZero();
        assertThat(result.out().strip()).matches("holdfast \\d+\\.\\d+\\.\\d+");
    }

    @Test
    void helpOfACommandIsTheSameWhicheverWayItIsAskedFor() {
        assertThat(home.run("help", "ls").out())
                .isEqualTo(home.run("ls", "--help").out());
    }

    @Test
    void formatRefusesToOverwrite() {
        home.formatted();
        Result refused = home.run("format", "VOLUME", "--size", "64M");
        assertThat(refused.status()).isEqualTo(6);
        assertThat(refused.err()).contains("--force");
        Result forced =
                home.run("format", "VOLUME", "--size", "32M", "--force", "--checksum", "XXH3", "--label", "two");
        assertThat(forced.status()).isZero();
        assertThat(forced.out()).contains("32 MiB", "xxh3-64");
        assertThat(home.run("info", "VOLUME").out()).contains("two");
    }

    @Test
    void aVolumeThatIsNotThere() throws IOException {
        assertThat(home.run("ls", "VOLUME").status()).isEqualTo(5);
        Files.writeString(home.volume, "something else");
        assertThat(home.run("ls", "VOLUME").status()).isEqualTo(8);
    }

    @Test
    void aReadOnlyServerRefusesChanges() throws IOException {
        home.formatted().serve(OpenOptions.reading());
        assertThat(home.run("mkdir", "VOLUME", "/d").status()).isEqualTo(10);
        assertThat(home.run("ls", "VOLUME").status()).isZero();
        home.close();
    }
}
