package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.volume.FileClaim.CutOff;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A command that cuts off clients names them. */
@ParameterizedClass
@EnumSource(Mode.class)
class CutOffsTest {
    private static final String LINES = "cut off NBD client 10.0.0.7:51234, which had /d open\n"
            + "cut off another holdfast command (pid 7), which had /d\\x0a open\n";

    @Parameter
    private Mode mode;

    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() throws IOException {
        home = mode.start(folder).withInput(new byte[10]);
        assertThat(home.run("create", "VOLUME", "/d", "--size", "1M").status()).isZero();
        home.fake()
                .isUsedBy(
                        new CutOff("NBD client 10.0.0.7:51234", "/d"),
                        new CutOff("another holdfast command (pid 7)", "/d\n"));
    }

    @AfterEach
    void stop() throws IOException {
        home.close();
    }

    private void assertTold(String rest, String... line) {
        Result result = home.run(line);
        assertThat(result.status()).as(result.err()).isZero();
        assertThat(result.out()).startsWith(LINES + rest);
    }

    @Test
    void aLineForEach() {
        assertTold("resized /d", "resize", "VOLUME", "/d", "--size", "4K", "--shrink", "--disconnect");
        assertTold("imported /d", "import", "--force", "--disconnect", "-", "VOLUME", "/d");
        assertTold("", "mv", "--disconnect", "VOLUME", "/d", "/e");
        assertTold("", "rm", "--force", "VOLUME", "/e");
        Result nobody = home.run("create", "VOLUME", "/n", "--size", "1M");
        assertThat(nobody.status()).isZero();
        assertThat(home.run("rm", "VOLUME", "/n").out()).isEmpty();
    }

    /** The clients have been cut off even if the command fails after that. */
    @Test
    void alsoWhenTheCommandFailsThen() {
        home.run("mkdir", "VOLUME", "/full");
        home.run("create", "VOLUME", "/full/f", "--size", "1M");
        Result result = home.run("rm", "--disconnect", "VOLUME", "/full");
        assertThat(result.status()).isEqualTo(11);
        assertThat(result.out()).isEqualTo(LINES);
    }

    @Test
    void aMemberOfTheResult() {
        var users =
                home.run("rm", "--json", "--disconnect", "VOLUME", "/d").json().path("cut_off");
        assertThat(users.size()).isEqualTo(2);
        assertThat(users.path(0).path("user").stringValue()).isEqualTo("NBD client 10.0.0.7:51234");
        assertThat(users.path(0).path("path").stringValue()).isEqualTo("/d");
    }
}
