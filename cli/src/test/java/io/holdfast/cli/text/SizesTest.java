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

    @Test
    void whatIsLeftIsRoundedDownAndWhatIsTakenUp() {
        assertThat(Sizes.floor(0)).isEqualTo("0 B");
        assertThat(Sizes.ceiling(0)).isEqualTo("0 B");
        assertThat(Sizes.floor(1023)).isEqualTo("1023 B");
        assertThat(Sizes.floor(3L << 30)).isEqualTo("3 GiB");
        assertThat(Sizes.floor((3L << 30) - 1)).isEqualTo("2.99 GiB");
        assertThat(Sizes.floor((100L << 30) - 1)).isEqualTo("99.9 GiB");
        assertThat(Sizes.floor((1L << 40) - 1)).isEqualTo("1023 GiB");
        assertThat(Sizes.ceiling((1L << 40) - 1)).isEqualTo("1 TiB");
        assertThat(Sizes.ceiling((2L << 30) + 1)).isEqualTo("2.01 GiB");
        assertThat(Sizes.ceiling((512L << 20) + 1)).isEqualTo("513 MiB");
        assertThat(Sizes.floor(-1)).isEqualTo("15.9 EiB");
        assertThat(Sizes.ceiling(-1)).isEqualTo("16 EiB");
    }

    /** A volume that is 1 % full never looks as if all of it were free. */
    @Test
    void whatIsNotAllLooksLikeLess() {
        for (long size = 1 << 20; size < 1L << 50; size += size / 7) {
            for (int percent = 1; percent < 100; percent++) {
                long used = size / 100 * percent;
                assertThat(Sizes.floor(size - used)).isNotEqualTo(Sizes.ceiling(size));
            }
        }
    }
}
