package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Fixture for the contracts of the commands: a household with an empty volume. The tests run twice: each command opens
 * the volume, or the volume is served. No command leaves a file open.
 */
@ParameterizedClass
@EnumSource(Mode.class)
abstract class CommandFixture {
    @Parameter
    Mode mode;

    @TempDir
    Path folder;

    Household home;

    @BeforeEach
    void begin() throws IOException {
        home = mode.start(folder);
    }

    @AfterEach
    void end() throws IOException {
        assertThat(home.fake().openFiles).hasValue(0);
        home.close();
    }

    /** Runs a command that must succeed. */
    Result ok(String... args) {
        Result result = home.run(args);
        assertThat(result.status())
                .as("%s: %s %s", String.join(" ", args), result.err(), result.out())
                .isZero();
        return result;
    }

    /** Returns the contents of a file in the volume. */
    byte[] exported(String path) {
        return ok("export", "VOLUME", path, "-").bytes();
    }
}
