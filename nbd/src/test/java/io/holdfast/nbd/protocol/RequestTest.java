package io.holdfast.nbd.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class RequestTest {
    private static ByteBuffer hex(String text) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(text.replace(" ", "")));
    }

    @Test
    void parsesACompactHeader() throws ProtocolException {
        ByteBuffer bytes = hex("25609513 0001 0001 0102030405060708 8000000000001000 ffffffff");
        Request request = Request.parse(bytes, false);
        assertThat(request).isEqualTo(new Request(false, 1, 1, 0x0102030405060708L, 0x8000000000001000L, 0xffffffffL));
        assertThat(bytes.position()).isEqualTo(Request.COMPACT_BYTES);
        assertThat(request.payloadLength()).isEqualTo(0xffffffffL);
        assertThat(request.has(Wire.FLAG_FUA)).isTrue();
        assertThat(request.has(Wire.FLAG_DF)).isFalse();
    }

    @Test
    void parsesAnExtendedHeader() throws ProtocolException {
        ByteBuffer bytes = hex("21e41c71 0020 0007 0102030405060708 0000000000001000 8000000000000000");
        Request request = Request.parse(bytes, true);
        assertThat(request).isEqualTo(new Request(true, 32, 7, 0x0102030405060708L, 0x1000, Long.MIN_VALUE));
        assertThat(bytes.position()).isEqualTo(Request.EXTENDED_BYTES);
        assertThat(request.payloadLength()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aWriteHasAPayloadWithAndWithoutTheFlag() {
        for (boolean extended : new boolean[] {false, true}) {
            for (int flags : new int[] {0, Wire.FLAG_FUA, Wire.FLAG_PAYLOAD_LEN}) {
                assertThat(new Request(extended, flags, 1, 0, 0, 512).payloadLength())
                        .isEqualTo(512);
            }
        }
    }

    @Test
    void otherRequestsHaveAPayloadIfTheFlagSaysSo() {
        for (int type : new int[] {0, 2, 3, 4, 5, 6, 7, 8, 65535}) {
            for (boolean extended : new boolean[] {false, true}) {
                assertThat(new Request(extended, Wire.FLAG_FUA, type, 0, 0, 512).payloadLength())
                        .isZero();
                assertThat(new Request(extended, Wire.FLAG_PAYLOAD_LEN, type, 0, 0, 0).payloadLength())
                        .isZero();
            }
            assertThat(new Request(true, Wire.FLAG_PAYLOAD_LEN, type, 0, 0, 512).payloadLength())
                    .isEqualTo(512);
            assertThat(new Request(false, Wire.FLAG_PAYLOAD_LEN, type, 0, 0, 512).payloadLength())
                    .isEqualTo(Request.PAYLOAD_UNKNOWN);
        }
    }

    @Test
    void refusesTheOtherMagic() {
        ByteBuffer compact = hex("25609513").limit(4);
        assertThatThrownBy(() -> Request.parse(compact, true)).isInstanceOf(ProtocolException.class);
        ByteBuffer extended = hex("21e41c71").limit(4);
        assertThatThrownBy(() -> Request.parse(extended, false))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("21e41c71");
    }

    @Test
    void commandsAreFoundByTheirCode() {
        for (CommandType type : CommandType.values()) {
            assertThat(CommandType.of(type.code())).contains(type);
        }
        assertThat(CommandType.of(8)).isEmpty();
        assertThat(CommandType.of(65535)).isEmpty();
    }
}
