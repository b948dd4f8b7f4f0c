package io.holdfast.nbd.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Bytes as the protocol document has them. */
class ReplyFormatTest {
    private static final Request REQUEST = new Request(true, 0, 0, 0x0102030405060708L, 0x1000, 512);

    private static String hex(Consumer<ByteBuffer> encoder) {
        ByteBuffer out = ByteBuffer.allocate(ReplyFormat.HEADER_MAX);
        encoder.accept(out);
        return HexFormat.of().formatHex(out.array(), 0, out.position());
    }

    @Test
    void encodesSimpleReplies() {
        assertThat(hex(out -> ReplyFormat.SIMPLE.putDone(out, REQUEST))).isEqualTo("67446698000000000102030405060708");
        assertThat(hex(out -> ReplyFormat.SIMPLE.putData(out, REQUEST, 0x1000, 512, true)))
                .isEqualTo("67446698000000000102030405060708");
        assertThat(hex(out -> ReplyFormat.SIMPLE.putError(out, REQUEST, NbdError.EINVAL, "why")))
                .isEqualTo("67446698000000160102030405060708");
    }

    @Test
    void encodesStructuredChunks() {
        assertThat(hex(out -> ReplyFormat.STRUCTURED.putDone(out, REQUEST)))
                .isEqualTo("668e33ef00010000010203040506070800000000");
        assertThat(hex(out -> ReplyFormat.STRUCTURED.putData(out, REQUEST, 0x1200, 512, false)))
                .isEqualTo("668e33ef00000001010203040506070800000208" + "0000000000001200");
        assertThat(hex(out -> ReplyFormat.STRUCTURED.putError(out, REQUEST, NbdError.ENOSPC, "why")))
                .isEqualTo("668e33ef00018001010203040506070800000009" + "0000001c0003776879");
        assertThat(hex(out -> ReplyFormat.STRUCTURED.putErrorAt(out, REQUEST, NbdError.EIO, "", 0x1200)))
                .isEqualTo("668e33ef0001800201020304050607080000000e" + "0000000500000000000000001200");
        assertThat(hex(out -> ReplyFormat.STRUCTURED.putBlockStatus(out, REQUEST, 12)))
                .isEqualTo("668e33ef0001000501020304050607080000000c");
    }

    @Test
    void encodesExtendedChunks() {
        assertThat(hex(out -> ReplyFormat.EXTENDED.putDone(out, REQUEST)))
                .isEqualTo("6e8a278c00010000010203040506070800000000000010000000000000000000");
        assertThat(hex(out -> ReplyFormat.EXTENDED.putData(out, REQUEST, 0x1200, 512, true)))
                .isEqualTo("6e8a278c00010001010203040506070800000000000010000000000000000208" + "0000000000001200");
        assertThat(hex(out -> ReplyFormat.EXTENDED.putBlockStatus(out, REQUEST, 24)))
                .isEqualTo("6e8a278c00010006010203040506070800000000000010000000000000000018");
    }

    @Test
    void cutsLongMessagesBetweenCharacters() {
        ByteBuffer out = ByteBuffer.allocate(ReplyFormat.HEADER_MAX);
        ReplyFormat.EXTENDED.putErrorAt(out, REQUEST, NbdError.EIO, "x" + "ä".repeat(5000), 0x1000);
        int length = out.getShort(36);
        assertThat(length).isEqualTo(1023);
        String message = new String(Arrays.copyOfRange(out.array(), 38, 38 + length), StandardCharsets.UTF_8);
        assertThat(message).isEqualTo("x" + "ä".repeat(511));
        assertThat(out.getLong(24)).isEqualTo(14 + length);
    }

    @Test
    void survivesMessagesThatAreNotText() {
        ByteBuffer out = ByteBuffer.allocate(ReplyFormat.HEADER_MAX);
        ReplyFormat.STRUCTURED.putError(out, REQUEST, NbdError.EIO, "a\ud800b");
        assertThat(new String(out.array(), 26, out.getShort(24), StandardCharsets.UTF_8))
                .isEqualTo("a\\u{d800}b");
    }
}
