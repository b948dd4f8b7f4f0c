package io.holdfast.nbd.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.handshake.OptionData.InvalidOptionException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OptionDataTest {
    @Test
    void takesWhatIsThere() throws InvalidOptionException {
        OptionData data = new OptionData(ByteBuffer.wrap(new byte[] {0, 0, 0, 2, 'h', 'i', -1, -1, -1, -1, -1, -1}));
        assertThat(data.string()).isEqualTo("hi");
        assertThat(data.uint16()).isEqualTo(65535);
        assertThat(data.uint32()).isEqualTo(0xffffffffL);
        data.end();
    }

    @Test
    void neverReadsBeyondTheEnd() {
        Random random = new Random(42);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            OptionData data = new OptionData(ByteBuffer.wrap(bytes));
            try {
                String first = data.string();
                int second = data.uint16();
                assertThat(first.length() + second).isNotNegative();
                data.end();
            } catch (InvalidOptionException e) {
                assertThat(e).hasMessageMatching(".+");
            }
        }
    }

    @Test
    void saysWhatIsTooMuch() {
        OptionData data = new OptionData(ByteBuffer.allocate(3));
        assertThatThrownBy(data::end).hasMessageContaining("3 bytes too many");
        assertThatThrownBy(data::uint32).hasMessageContaining("which has 3 left");
    }
}
