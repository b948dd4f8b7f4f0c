package io.holdfast.checksum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ChecksumTest {
    private static final long XXH_PRIME32 = 2654435761L;
    private static final long XXH_PRIME64 = 0x9E3779B185EBCA8DL;

    static Stream<Checksum> all() {
        return Stream.of(new Crc32c(), new Xxh3());
    }

    /** RFC 3720, appendix B.4; its bytes are in the order of transmission, least significant first. */
    @Test
    void crc32cOfRfc3720() {
        Checksum crc = new Crc32c();
        byte[] ones = new byte[32];
        Arrays.fill(ones, (byte) 0xFF);
        byte[] up = new byte[32];
        byte[] down = new byte[32];
        for (int i = 0; i < 32; i++) {
            up[i] = (byte) i;
            down[i] = (byte) (31 - i);
        }
        byte[] scsiRead = HexFormat.of()
                .parseHex("01c00000000000000000000000000000" + "14000000000004000000001400000018"
                        + "28000000000000000200000000000000");
        assertThat(crc.of(new byte[32])).isEqualTo(0x8A9136AAL);
        assertThat(crc.of(ones)).isEqualTo(0x62A8AB43L);
        assertThat(crc.of(up)).isEqualTo(0x46DD794EL);
        assertThat(crc.of(down)).isEqualTo(0x113FDB5CL);
        assertThat(crc.of(scsiRead)).isEqualTo(0xD9963A56L);
        assertThat(crc.of("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xE3069283L);
    }

    /** The sanity check of xxHash 0.8 (tests/sanity_test_vectors.h), seed 0; one length for each way the input is read. */
    @ParameterizedTest
    @CsvSource({
        "0, 2D06800538D394C2",
        "1, C44BDFF4074EECDB",
        "6, 27B56A84CD2D7325",
        "12, A713DAF0DFBB77E7",
        "24, A3FE70BF9D3510EB",
        "48, 397DA259ECBA1F11",
        "80, BCDEFBBB2C47C90A",
        "195, CD94217EE362EC3A",
        "403, CDEB804D65C6DEA4",
        "512, 617E49599013CB6B",
        "2048, DD59E2C3A5F038E0",
        "2240, 6E73A90539CF2948",
        "2367, CB37AEB9E5D361ED",
    })
    void xxh3OfTheReferenceTests(int length, String expected) {
        assertThat(new Xxh3().of(Arrays.copyOf(sanityBuffer(), length)))
                .isEqualTo(Long.parseUnsignedLong(expected, 16));
    }

    private static byte[] sanityBuffer() {
        byte[] buffer = new byte[2367];
        long generator = XXH_PRIME32;
        for (int i = 0; i < buffer.length; i++) {
            buffer[i] = (byte) (generator >>> 56);
            generator *= XXH_PRIME64;
        }
        return buffer;
    }

    @ParameterizedTest
    @MethodSource("all")
    void arraysAndNativeMemoryAgreeAtEveryLengthAndOffset(Checksum checksum) {
        byte[] data = new byte[5000];
        new Random(1).nextBytes(data);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(data.length + 8);
            for (int length = 0; length < 4200; length += length < 600 ? 1 : 61) {
                int offset = length % 7;
                MemorySegment.copy(MemorySegment.ofArray(data), 0, memory, offset, length);
                long expected = checksum.of(Arrays.copyOf(data, length));
                assertThat(checksum.of(memory, offset, length)).isEqualTo(expected);
                assertThat(checksum.of(memory.asReadOnly(), offset, length)).isEqualTo(expected);
                assertThat(checksum.of(MemorySegment.ofArray(data).asReadOnly(), 0, length))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyFlippedBitOfABlockIsSeen(Checksum checksum) {
        byte[] block = new byte[4096];
        new Random(2).nextBytes(block);
        long expected = checksum.of(block);
        for (int bit = 0; bit < block.length * 8; bit++) {
            block[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(checksum.of(block)).isNotEqualTo(expected);
            block[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void staysWithinTheMemory(Checksum checksum) {
        MemorySegment memory = MemorySegment.ofArray(new byte[100]);
        for (long[] range : new long[][] {{0, 101}, {100, 1}, {-1, 10}, {50, -1}, {0, 100_000}}) {
            assertThatThrownBy(() -> checksum.of(memory, range[0], range[1]))
                    .isInstanceOfAny(IndexOutOfBoundsException.class, IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void isFoundByItsNumber(Checksum checksum) throws Exception {
        assertThat(Checksums.byId(checksum.id())).hasSameClassAs(checksum);
    }

    @Test
    void anUnknownNumberIsUnsupported() {
        assertThatThrownBy(() -> Checksums.byId(99))
                .isInstanceOfSatisfying(
                        HoldfastException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
                .hasMessageContaining("99");
    }
}
