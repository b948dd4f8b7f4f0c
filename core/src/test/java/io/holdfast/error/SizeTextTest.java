package io.holdfast.error;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizeTextTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "1048575, 1 MiB",
        "1048576, 1 MiB",
        "42949672960, 40 GiB",
        "-1, 16 EiB"
    })
    void rounded(long bytes, String text) {
        assertThat(SizeText.rounded(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1, 1 byte",
        "1023, 1023 bytes",
        "1024, 1 KiB",
        "1025, 1 KiB (1025 bytes)",
        "1536, 1.5 KiB",
        "1600, 1.6 KiB (1600 bytes)",
        "1610612736, 1.5 GiB",
        "1048575, 1 MiB (1048575 bytes)",
        "1048576, 1 MiB",
        "3000000, 2.9 MiB (3000000 bytes)",
        "42949672960, 40 GiB",
        "-9223372036854775808, 8 EiB",
        "-1, 16 EiB (18446744073709551615 bytes)"
    })
    void exact(long bytes, String text) {
        assertThat(SizeText.exact(bytes)).isEqualTo(text);
    }
}
