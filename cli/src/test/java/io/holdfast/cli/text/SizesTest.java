package io.holdfast.cli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "512B, 512",
        "4k, 4096",
        "4K, 4096",
        "4KiB, 4096",
        "4KB, 4000",
        "512MiB, 536870912",
        "512MB, 512000000",
        "1.5T, 1649267441664",
        "0.5K, 512",
        "4 G, 4294967296",
        "2P, 2251799813685248",
        "7E, 8070450532247928832",
        "9223372036854775807, 9223372036854775807"
    })
    void parses(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @Test
    void parsesUnsignedSizesUpToTheLast() {
        assertThat(Sizes.parse("18446744073709551615")).isEqualTo(-1);
        assertThat(Sizes.parse("15E")).isEqualTo(15L << 60);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sizes.parse("16E"))
                .withMessageContaining("2^64 - 1");
        assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse("18446744073709551616"));
        assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse("99999999999999999999E"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "G", "-1", "+1", "1e3", "4X", "4GG", "4iB", "0x10", "1,5G", "4G extra", "١"})
    void refusesWhatIsNoSize(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse(text)).withMessageContaining("4G");
    }

    @Test
    void refusesPartsOfBytes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sizes.parse("1.5"))
                .withMessageContaining("whole number of bytes");
    }
}
