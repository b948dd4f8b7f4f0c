package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExitCodeTest {
    @Test
    void everyExitCodeHasItsOwnNumber() {
        assertThat(Arrays.stream(ExitCode.values()).map(ExitCode::status)).doesNotHaveDuplicates();
    }

    /** Scripts rely on these. */
    @ParameterizedTest
    @CsvSource({
        "HELD, 3",
        "NO_SPACE, 4",
        "NOT_FOUND, 5",
        "EXISTS, 6",
        "NOT_EMPTY_DEVICE, 6",
        "DAMAGED, 7",
        "CHECKSUM_MISMATCH, 7",
        "NOT_A_VOLUME, 8",
        "UNSUPPORTED, 9",
        "READ_ONLY, 10",
        "DIRECTORY_NOT_EMPTY, 11",
        "INVALID, 2",
        "FAILED, 1"
    })
    void errorsHaveTheirExitCodes(ErrorCode error, int status) {
        assertThat(ExitCode.of(error).status()).isEqualTo(status);
    }

    @ParameterizedTest
    @EnumSource
    void noErrorLooksLikeSuccess(ErrorCode error) {
        assertThat(ExitCode.of(error).status()).isNotZero();
    }
}
