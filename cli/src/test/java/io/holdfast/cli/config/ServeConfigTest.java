package io.holdfast.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.command.Commands;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The configuration file of {@code serve}: what it takes, and what it says of mistakes. */
class ServeConfigTest {
    private static final String GOOD = """
            # A volume with disks.
            volume = "/srv/vms.holdfast"
            nbd = ["unix:/run/holdfast/vms.nbd",
                   "tcp:127.0.0.1:10809"]
            memory = "2G"
            sector-size = 512
            read-only = false
            check-every = "7d"
            """;

    @TempDir
    private Path folder;

    private Household home;
    private Path file;

    @BeforeEach
    void start() {
        home = new Household(folder);
        file = folder.resolve("vms.toml");
    }

    private Result check(String content, String... more) throws IOException {
        Files.writeString(file, content);
        String[] line =
                Arrays.copyOf(new String[] {"serve", "--config", file.toString(), "--check-config"}, 4 + more.length);
        System.arraycopy(more, 0, line, 4, more.length);
        return home.run(line);
    }

    private CommandLine serve() {
        return Commands.named(
                new CliContext(
                        Engine.HOLDFAST,
                        InputStream.nullInputStream(),
                        System.out,
                        System.err,
                        () -> false,
                        Cancellation.none()),
                "serve");
    }

    private String[] expanded(String content, String... line) throws IOException {
        Files.writeString(file, content);
        return ConfiguredLine.of(line, this::serve).arguments();
    }

    @Test
    void aGoodFileIsGood() throws IOException {
        Result result = check(GOOD);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
        assertThat(result.out()).isEqualTo(file + ": no fault found\n");
        assertThat(check(GOOD, "--json").json().path("good").asBoolean()).isTrue();
    }

    @Test
    void everyOptionOfServeIsAKey() {
        Set<String> keys = new TreeSet<>();
        ConfiguredLine.keys(serve()).forEach(spec -> keys.add(ConfiguredLine.key(spec)));
        Set<String> options = new TreeSet<>(Set.of("volume"));
        serve().getCommandSpec().options().stream()
                .map(OptionSpec::longestName)
                .map(name -> name.substring(2))
                .forEach(options::add);
        options.removeAll(Set.of("help", "config", "check-config"));
        assertThat(keys).isEqualTo(options).contains("nbd", "memory", "tls-certs", "json");
    }

    @Test
    void theCommandLineWins() throws IOException {
        assertThat(expanded(GOOD, "serve", "--config", file.toString(), "/other", "--nbd=unix:/x", "--memory", "1G"))
                .startsWith("serve")
                .contains("/other", "--nbd=unix:/x", "1G", "--sector-size=512", "--check-every=7d")
                .doesNotContain("/srv/vms.holdfast", "--memory=2G", "--nbd=tcp:127.0.0.1:10809", "--read-only");
    }

    @Test
    void aLineWithoutAFileStaysAsItIs() throws IOException {
        assertThat(expanded("", "serve", "--config")).containsExactly("serve", "--config");
        assertThat(expanded("", "ls", "v", "/--config")).containsExactly("ls", "v", "/--config");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0007', textBlock = """
            memmory = "2G"               | 3: no such key: memmory; the nearest is 'memory'
            max_connections = 7          | 3: no such key: max_connections; the nearest is 'max-connections'
            help = true                  | 3: no such key: help
            memory = "2X"                | 3: key 'memory': '2X' is not a size
            memory = true                | 3: key 'memory' is no switch: write SIZE in quotes
            memory = ["1G", "2G"]        | 3: key 'memory' has one value and no array
            memory = 1.5                 | 3: key 'memory': write a string in quotes, a whole number, true or false
            read-only = "yes"            | 3: key 'read-only' is true or false, without quotes
            max-connections = "many"     | 3: key 'max-connections': 'many' is not a whole number
            check-every = "soon"         | 3: key 'check-every': 'soon' is not a time
            sector-size = 1000           | 3: --sector-size is 512 or 4096, not 1000
            max-connections = 0          | 3: --max-connections is at least 1
            tls-verify-peer = true       | 3: --tls-verify-peer needs --tls-certs
            [memory]                     | 3: 'memory' is a table; this file has keys with values alone
            memory = 2G                  | 3:
            volume = "/x"                | 3:
            io = ""                      | 3: --io is one of auto, uring, plain, not ''
            """)
    void aMistakeIsNamedWithItsLine(String line, String message) throws IOException {
        Result result = check("volume = \"/srv/v\"\nnbd = \"unix:/run/x\"\n" + line + "\n");
        assertThat(result.err()).startsWith("holdfast: " + file + ":" + message);
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void aValueInAnArrayIsNamedWithTheLineOfItsKey() throws IOException {
        Result result = check(GOOD.replace("tcp:127.0.0.1:10809", "udp:1"));
        assertThat(result.err()).startsWith("holdfast: " + file + ":3: key 'nbd': 'udp:1' is not an address");
    }

    @Test
    void whatIsMissingIsNamedWithTheFile() throws IOException {
        assertThat(check("nbd = \"unix:/run/x\"\n").err()).startsWith("holdfast: " + file + ": Missing required");
        Result none = home.run("serve", "--config", folder.resolve("none").toString());
        assertThat(none.status()).isEqualTo(5);
        assertThat(none.err()).startsWith("holdfast: " + folder.resolve("none") + ": no such file");
        assertThat(home.run("serve", "--config", folder.toString()).err()).contains("is a directory");
        Files.write(file, new byte[] {'a', (byte) 0xff});
        assertThat(home.run("serve", "--config", file.toString()).err()).contains("is not UTF-8");
    }

    @Test
    void aMistakeOnTheCommandLineIsNotBlamedOnTheFile() throws IOException {
        assertThat(check(GOOD, "--sector-size", "1000").err()).startsWith("holdfast: --sector-size is 512");
    }
}
