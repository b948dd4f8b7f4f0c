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
 * What the contracts of the commands share: a household with an empty volume, once opened by each command and once served
 * meanwhile. No command leaves a file open.
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
