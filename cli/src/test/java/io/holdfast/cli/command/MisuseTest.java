package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.ExitCode;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.volume.OpenOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The messages for wrong command lines, and the promises of the help. */
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
                "mv VOLUME /x",
                "grow",
                "grow VOLUME 100G",
                "grow VOLUME --size"
            })
    void misuseIsOneClearLineAndAHint(String line) {
        home.formatted();
        Result result = home.run(line.isEmpty() ? new String[0] : line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("holdfast: ").doesNotContain("\tat ");
        assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                clone VOLUME /a            | no such command: clone; the nearest is
                creat VOLUME /a            | no such command: creat; the nearest is 'create'
                LS VOLUME                  | no such command: LS; the nearest is 'ls'
                infos                      | no such command: infos; the nearest is 'info'
                help imprt                 | no such command: imprt; the nearest is 'import'
                scribbl                    | no such command: scribbl; the nearest is
                ls VOLUME --jsno           | no such option: --jsno; the nearest is '--json'
                ls VOLUME --memmory=16M    | no such option: --memmory; the nearest is '--memory'
                rm -x VOLUME /a            | no such option: -x; the nearest is '-
                rm -rx VOLUME /a           | no such option: -x; the nearest is '-
                ls VOLUME --version        | the option --version goes without a command: 'holdfast --version'
                ls VOLUME / more           | 'more' is one argument too many for 'holdfast ls'
                """)
    void whatIsUnknownIsNamedWithTheNearest(String line, String message) {
        Result result = home.formatted().run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).startsWith("holdfast: " + message).contains(" --help'.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                serve VOLUME --nbd unix:/tmp/x --max-connections many | 'many' is not a whole number
                serve VOLUME --nbd unix:/tmp/x --sector-size 4K       | '4K' is not a whole number
                demo --rounds 3000000000                              | '3000000000' is not a whole number of at most 2147483647
                demo --seconds 0                                      | --rounds and --seconds are at least 1
                format NEW                                            | NEW is not there yet: say how large the volume is to be
                format EMPTY                                          | EMPTY is empty: say how large the volume is to be
                format NEW/ --size 64M                                | NEW/' ends with a slash, as a directory does
                export VOLUME /f NEW/                                 | NEW/' ends with a slash, as a directory does
                import - VOLUME /d                                    | /d is a directory; name a file in it
                import --force - VOLUME /d                            | /d is a directory; name a file in it
                resize VOLUME /f --size 1K                            | /f has 2.9 MiB (3000000 bytes), more than 1 KiB; use --shrink
                """)
    void whatCannotBeIsSaidInWords(String line, String message) throws IOException {
        home.formatted();
        home.run("create", "VOLUME", "/f", "--size", "3000000");
        home.run("mkdir", "VOLUME", "/d");
        Path target = folder.resolve("new");
        Path empty = Files.createFile(folder.resolve("empty"));
        Result result = home.run(line.replace("NEW", target.toString())
                .replace("EMPTY", empty.toString())
                .split(" "));
        assertThat(result.status()).isIn(2, 11);
        assertThat(result.err())
                .startsWith("holdfast: ")
                .contains(message.replace("NEW", target.toString()).replace("EMPTY", empty.toString()));
        assertThat(target).doesNotExist();
        assertThat(empty).isEmptyFile();
    }

    /** A mistyped option causes two more mistakes: the right one is missing, and the value is an extra argument. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                create --sise=4G VOLUME /x                | --sise; the nearest is '--size'
                create --sise 4G VOLUME /x                | --sise; the nearest is '--size'
                create VOLUME --sise 4G                   | --sise; the nearest is '--size'
                create VOLUME /x --size 4X --no-checksums | --no-checksums; the nearest is '--no-checksum'
                create VOLUME ../x --sise 4G              | --sise; the nearest is '--size'
                serve VOLUME --ndb unix:/tmp/s            | --ndb; the nearest is '--nbd'
                resize --sise=4G VOLUME                   | --sise; the nearest is '--size'
                mv --forse VOLUME /a                      | --forse; the nearest is '--force'
                import --forse x VOLUME                   | --forse; the nearest is '--force'
                """)
    void anUnknownOptionIsNamedBeforeWhatIsMissing(String line, String message) {
        Result result = home.formatted().run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err())
                .startsWith("holdfast: no such option: " + message + "\nTry 'holdfast " + line.split(" ")[0]);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                --memory=64M check VOLUME   | the option --memory goes behind its command, as in 'holdfast check --memory'
                --memory 64M check VOLUME   | the option --memory goes behind its command, as in 'holdfast check --memory'
                -l ls VOLUME                | the option -l goes behind its command, as in 'holdfast ls -l'
                -q ls VOLUME                | no such option: -q; the nearest is '-R'
                --json                      | the option --json goes behind its command, as in 'holdfast format --json'
                --size=4G ls VOLUME         | the option --size goes behind its command, as in 'holdfast format --size'
                --jsno ls VOLUME            | no such option: --jsno; the nearest is '--json'
                --hepl                      | no such option: --hepl; the nearest is '--help'
                """)
    void anOptionBeforeTheCommandIsSentBehindIt(String line, String message) {
        Result result = home.formatted().run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        if (line.contains("--json")) {
            assertThat(result.err()).isEqualTo("""
                    {"error":"USAGE","message":"%s","exit_code":2}
                    """.formatted(message));
        } else {
            assertThat(result.err()).startsWith("holdfast: " + message + "\n");
        }
    }

    /** The volume does not even exist: serve first reports what it can check without the volume. */
    @Test
    void whatAServerCannotDoIsSaidBeforeTheVolumeIsOpened() throws IOException {
        assertServeFails("tcp:10809", "'tcp:10809' has a port and no host");
        assertServeFails("unix:" + folder.resolve("s".repeat(120)), "has at most 107 bytes");
        assertServeFails("unix:" + folder.resolve("none/s"), "there is no directory " + folder.resolve("none"));
        assertServeFails("unix:" + Files.createFile(folder.resolve("file")), "exists and is not a socket");
        assertServeFails(
                "unix:" + folder.resolve("s") + " --tls-certs " + folder.resolve("none"),
                "the TLS directory " + folder.resolve("none") + " does not exist");
        try (ServerSocketChannel other = ServerSocketChannel.open()) {
            other.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = ((InetSocketAddress) other.getLocalAddress()).getPort();
            assertServeFails("tcp:127.0.0.1:" + port, "cannot listen on tcp:127.0.0.1:" + port);
        }
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(folder.resolve("busy")));
            assertServeFails("unix:" + folder.resolve("busy"), "another server listens on ");
        }
    }

    private void assertServeFails(String address, String message) {
        Result result = home.run(("serve VOLUME --nbd " + address).split(" "));
        assertThat(result.status()).isIn(1, 2);
        assertThat(result.err()).contains(message);
    }

    @Test
    void aFileThatCannotBeMadeIsNamedWithTheReason() {
        home.formatted();
        home.run("create", "VOLUME", "/f", "--size", "1M");
        Path none = folder.resolve("none");
        Result exported = home.run("export", "VOLUME", "/f", none.resolve("f").toString());
        assertThat(exported.err()).isEqualTo("holdfast: " + none + ": no such file or directory\n");
        Result demo = home.run("demo", "--dir", none.toString());
        assertThat(demo.err()).isEqualTo("holdfast: " + none + ": no such file or directory\n");
        Path notWritable = Path.of("/proc/f");
        assertThat(home.run("export", "VOLUME", "/f", notWritable.toString()).err())
                .startsWith("holdfast: /proc")
                .doesNotContain(".f.");
    }

    @Test
    void checkTakesTheOptionsOfWhatTakesLong() {
        home.formatted().withTerminal();
        assertThat(home.run("check", "VOLUME", "--memory", "32M").err()).contains("check");
        assertThat(home.run("check", "VOLUME", "--no-progress").err()).isEmpty();
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
                "format", "create", "mkdir", "ls", "du", "stat", "cp", "mv", "rm", "resize", "import", "export",
                "serve", "check", "jobs", "df", "info", "grow", "resume", "demo"
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
        assertThat(result.out().strip()).matches("holdfast \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
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
        assertThat(home.run("grow", "VOLUME", "--size", "1G").status()).isEqualTo(10);
        assertThat(home.run("ls", "VOLUME").status()).isZero();
        home.close();
    }
}
