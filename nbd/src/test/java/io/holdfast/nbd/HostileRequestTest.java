package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Chunk;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests that a server must survive. */
class HostileRequestTest extends HostileTest {
    @ParameterizedTest
    @EnumSource(Mode.class)
    void aBadRequestMagicEndsTheConnection(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.out.writeInt(mode == Mode.EXTENDED ? Wire.REQUEST_MAGIC : Wire.EXTENDED_REQUEST_MAGIC);
            client.out.write(new byte[28]);
            client.out.flush();
            client.expectEnd();
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void unknownCommandsAndFlagsAreInvalid(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            client.request(8, 0, 1, 0, 512);
            assertThat(client.receive(0).error()).isEqualTo(22);
            client.request(65535, 0, 1, -1, -1);
            assertThat(client.receive(0).error()).isEqualTo(22);
            for (int flags : new int[] {Wire.FLAG_NO_HOLE, Wire.FLAG_REQ_ONE, Wire.FLAG_FAST_ZERO, 1 << 6, 1 << 15}) {
                assertThat(client.call(CommandType.READ, flags, 0, 512).error()).isEqualTo(22);
                assertThat(client.call(CommandType.TRIM, flags, 0, 512).error()).isEqualTo(22);
                assertThat(client.call(CommandType.FLUSH, flags, 0, 0).error()).isEqualTo(22);
                assertThat(client.write(flags, 0, new byte[512])).isEqualTo(22);
            }
            if (mode == Mode.SIMPLE) {
                assertThat(client.call(CommandType.READ, Wire.FLAG_DF, 0, 512).error())
                        .isEqualTo(22);
            }
            assertThat(client.call(CommandType.WRITE_ZEROES, Wire.FLAG_DF, 0, 512)
                            .error())
                    .isEqualTo(22);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void whatReachesBeyondTheEndIsRefused(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            long size = ServerFixture.SIZE;
            long[] offsets = {size, size - 511, size + 1, Long.MAX_VALUE, Long.MIN_VALUE, -1, -511, -512};
            for (long offset : offsets) {
                assertThat(client.write(0, offset, new byte[512])).isEqualTo(28);
                assertThat(client.call(CommandType.WRITE_ZEROES, 0, offset, 512).error())
                        .isEqualTo(28);
                assertThat(client.call(CommandType.READ, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.TRIM, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.CACHE, 0, offset, 512).error())
                        .isEqualTo(22);
                assertThat(client.call(CommandType.BLOCK_STATUS, 0, offset, 512).error())
                        .isEqualTo(22);
            }
            assertThat(client.call(CommandType.TRIM, 0, 4096, 0xffffffffL).error())
                    .isEqualTo(22);
            if (mode == Mode.EXTENDED) {
                for (long length : new long[] {-1, -4096, Long.MIN_VALUE, Long.MAX_VALUE}) {
                    assertThat(client.call(CommandType.TRIM, 0, 4096, length).error())
                            .isEqualTo(22);
                    assertThat(client.call(CommandType.WRITE_ZEROES, 0, 4096, length)
                                    .error())
                            .isEqualTo(28);
                    assertThat(client.call(CommandType.BLOCK_STATUS, 0, 4096, length)
                                    .error())
                            .isEqualTo(22);
                    assertThat(client.call(CommandType.READ, 0, 4096, length).error())
                            .isEqualTo(75);
                }
            }
            try (StoredFile file = fixture.volume.open("/vm/disk")) {
                assertThat(file.size()).isEqualTo(size);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anOversizedWriteIsDrainedAndRefused(Mode mode) throws IOException {
        try (TestClient client = fixture.open(mode)) {
            int length = (64 << 20) + 1;
            client.request(CommandType.WRITE, 0, 3, 0, length);
            client.out.write(new byte[length]);
            client.out.flush();
            Chunk chunk = client.receive(0);
            assertThat(chunk.error()).isEqualTo(22);
            assertThat(chunk.cookie()).isEqualTo(3);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @Test
    void aPayloadThatCannotBeDrainedIsRefusedAndEndsTheConnection() throws IOException {
        for (int flags : new int[] {0, Wire.FLAG_PAYLOAD_LEN}) {
            for (long length : new long[] {1L << 32, 1L << 40, Long.MIN_VALUE, -512, -1}) {
                try (TestClient client = fixture.open(Mode.EXTENDED)) {
                    client.request(CommandType.WRITE, flags, 3, 0, length);
                    Chunk chunk = client.receive(0);
                    assertThat(chunk.error()).isEqualTo(22);
                    assertThat(chunk.cookie()).isEqualTo(3);
                    assertThat(chunk.message()).contains(Long.toUnsignedString(length) + " bytes of payload");
                    client.expectEnd();
                }
            }
        }
    }

    @Test
    void thePayloadFlagWithoutExtendedHeadersIsRefusedAndEndsTheConnection() throws IOException {
        try (TestClient client = fixture.open(Mode.STRUCTURED)) {
            client.request(CommandType.TRIM, Wire.FLAG_PAYLOAD_LEN, 3, 0, 512);
            Chunk chunk = client.receive(0);
            assertThat(chunk.error()).isEqualTo(22);
            assertThat(chunk.message()).contains("without extended headers");
            client.expectEnd();
        }
    }

    @Test
    void anUnexpectedExtendedPayloadIsDrainedAndRefused() throws IOException {
        try (TestClient client = fixture.open(Mode.EXTENDED)) {
            client.request(CommandType.TRIM, Wire.FLAG_PAYLOAD_LEN, 3, 0, 70_000);
            client.out.write(new byte[70_000]);
            client.out.flush();
            assertThat(client.receive(0).error()).isEqualTo(22);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anOversizedReadIsRefused(Mode mode) throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 1L << 40);
                TestClient client = large.open(mode)) {
            int error = mode == Mode.SIMPLE ? 22 : 75;
            assertThat(client.call(CommandType.READ, 0, 0, (64 << 20) + 1).error())
                    .isEqualTo(error);
            assertThat(client.call(CommandType.READ, 0, 0, 0xffffffffL).error()).isEqualTo(error);
            assertThat(client.read(0, 0, 512)).hasSize(512);
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void servesTheLargestPayload(Mode mode) throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 256L << 20);
                TestClient client = large.open(mode)) {
            byte[] data = new byte[64 << 20];
            new Random(1).nextBytes(data);
            assertThat(client.write(0, 4096, data)).isZero();
            assertThat(client.read(0, 4096, data.length)).isEqualTo(data);
        }
    }

    /** CVE-2025-47711 and CVE-2025-47712: however many extents there are, a reply is bounded and makes progress. */
    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"STRUCTURED", "EXTENDED"})
    void blockStatusOfAFragmentedFileIsBounded(Mode mode) throws IOException {
        int blocks = 20_000;
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), blocks * 4096L);
                var file = large.volume.open("/vm/disk");
                TestClient client = large.open(mode)) {
            for (int i = 0; i < blocks; i += 2) {
                file.write(i * 4096L, ByteBuffer.allocate(1));
            }
            Chunk chunk = client.call(CommandType.BLOCK_STATUS, 0, 0, blocks * 4096L);
            int header = mode == Mode.EXTENDED ? 8 : 4;
            int each = mode == Mode.EXTENDED ? 16 : 8;
            assertThat((chunk.payload().length - header) / each).isEqualTo(8192);
        }
    }

    @Test
    void blockStatusBeyond32BitsStaysWithinThem() throws IOException {
        try (ServerFixture large = new ServerFixture(directory, NbdOptions.defaults(), 1L << 40);
                TestClient client = large.open(Mode.STRUCTURED)) {
            ByteBuffer payload =
                    client.call(CommandType.BLOCK_STATUS, 0, 0, 0xffffffffL).buffer();
            assertThat(Integer.toUnsignedLong(payload.getInt(4))).isEqualTo(0xffffffffL);
            payload = client.call(CommandType.BLOCK_STATUS, Wire.FLAG_REQ_ONE, 0, 0xfffff000L)
                    .buffer();
            assertThat(Integer.toUnsignedLong(payload.getInt(4))).isEqualTo(0xfffff000L);
        }
    }
}
