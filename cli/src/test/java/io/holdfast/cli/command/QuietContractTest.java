package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code --quiet}, and options before the name of the command. */
class QuietContractTest extends CommandFixture {
    private void saysNothing(String... args) {
        Result result = ok(args);
        assertThat(result.out()).as(String.join(" ", args)).isEmpty();
        assertThat(result.err()).as(String.join(" ", args)).isEmpty();
    }

    @Test
    void nothingIsSaidOfASuccess() {
        home.withTerminal();
        Path copy = folder.resolve("copy");
        saysNothing("create", "-q", "VOLUME", "/f", "--size", "1M");
        saysNothing("resize", "--quiet", "VOLUME", "/f", "--size", "2M");
        home.withInput(new byte[] {1, 2, 3});
        saysNothing("import", "-q", "-", "VOLUME", "/g");
        saysNothing("export", "-q", "VOLUME", "/g", copy.toString());
        saysNothing("cp", "-q", "VOLUME", "/g", "/h");
        saysNothing("cp", "-q", "--json", "VOLUME", "/g", "/i");
        saysNothing("grow", "-q", "VOLUME", "--size", "100M");
        saysNothing("check", "-q", "VOLUME");
        assertThat(copy).hasBinaryContent(new byte[] {1, 2, 3});
    }

    @Test
    void errorsAreSaid() {
        Result result = home.run("cp", "-q", "VOLUME", "/none", "/x");
        assertThat(result.status()).isEqualTo(5);
        assertThat(result.err()).contains("/none");
    }

    @Test
    void whatOnlyShowsHasNoSuchOption() {
        for (String command : List.of("ls", "stat", "df", "info")) {
            Result result = home.run(command, "--quiet", "VOLUME");
            assertThat(result.status()).isEqualTo(2);
            assertThat(result.err()).contains("no such option: --quiet");
        }
    }

    @Test
    void commonOptionsMayStandBeforeTheCommand() {
        assertThat(ok("--json", "create", "VOLUME", "/f", "--size", "1M")
                        .json()
                        .path("path")
                        .asString())
                .isEqualTo("/f");
        assertThat(ok("--json", "ls", "VOLUME").out())
                .isEqualTo(ok("ls", "--json", "VOLUME").out());
        saysNothing("-q", "--json", "create", "VOLUME", "/g", "--size", "1M");
        Result failed = home.run("--json", "stat", "VOLUME", "/none");
        assertThat(failed.status()).isEqualTo(5);
        assertThat(failed.err()).startsWith("{\"error\":\"NOT_FOUND\"");
    }
}
