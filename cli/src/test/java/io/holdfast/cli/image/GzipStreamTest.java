package io.holdfast.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Members of gzip, and what is between and behind them. */
class GzipStreamTest {
    /** A member «hello» with extra bytes, a name, a comment and a checksum of its header. */
    private static final String EVERYTHING =
            "1f8b081e00000000000304006162636461002d2d000000cb48cdc9c9070086a6103605000000";

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    private static byte[] join(byte[]... parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.write(part);
        }
        return out.toByteArray();
    }

    private static byte[] plain(byte[] compressed) throws IOException {
        try (InputStream in = new GzipStream(new ByteArrayInputStream(compressed))) {
            return in.readAllBytes();
        }
    }

    private static byte[] data() {
        byte[] bytes = new byte[200_000];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    @Test
    void membersOneBehindTheOther() throws IOException {
        byte[] data = data();
        assertThat(plain(join(gzip(data), gzip(new byte[0]), gzip(data)))).isEqualTo(join(data, data));
    }

    @Test
    void headersWithAllThatTheyMayHave() throws IOException {
        byte[] member = HexFormat.of().parseHex(EVERYTHING);
        assertThat(plain(join(member, member))).isEqualTo("hellohello".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void zeroesBehindAreNothing() throws IOException {
        assertThat(plain(join(gzip(data()), new byte[100_000]))).isEqualTo(data());
    }

    @Test
    void anythingElseBehindIsAnError() throws IOException {
        byte[] member = gzip(data());
        for (byte[] behind : new byte[][] {{1}, {0, 1}, {0, 0x1f, (byte) 0x8b, 8}, {0x1f, 0}}) {
            assertThatThrownBy(() -> plain(join(member, behind))).isInstanceOf(IOException.class);
        }
    }

    @Test
    void everyCutIsAnError() throws IOException {
        byte[] member = gzip(Arrays.copyOf(data(), 300));
        for (int length = 0; length < member.length; length++) {
            byte[] cut = Arrays.copyOf(member, length);
            assertThatThrownBy(() -> plain(cut)).isInstanceOfAny(EOFException.class, IOException.class);
        }
    }

    @Test
    void everyChangedBitOfChecksumAndLengthIsAnError() throws IOException {
        byte[] member = gzip(data());
        for (int bit = 0; bit < 64; bit++) {
            byte[] changed = member.clone();
            changed[member.length - 1 - bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> plain(changed)).hasMessageContaining("checksum");
        }
    }
}
