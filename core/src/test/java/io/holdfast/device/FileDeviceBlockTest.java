package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class FileDeviceBlockTest extends BlockDeviceContract {
    FileDeviceBlockTest() {
        super(IoEngine.PLAIN);
    }

    @Test
    void hasTheNumberOfItsNode() throws Exception {
        BlockDeviceNumber number = BlockDeviceNumber.of(node()).orElseThrow();
        assertThat(number.major()).isEqualTo(7);
        assertThat(node()).hasToString("/dev/loop" + number.minor());
        assertThat(number.bytes()).isEqualTo(BLOCKS * 4096L);
        assertThat(BlockDeviceNumber.of(directory)).isEmpty();
        assertThat(BlockDeviceNumber.of(Path.of("/dev/null"))).isEmpty();
    }

    @Test
    void takesLargeDeviceNumbersApart() {
        assertThat(BlockDeviceNumber.decode(0x801)).hasToString("8:1");
        assertThat(BlockDeviceNumber.decode(0x11032cL)).hasToString("259:300");
    }
}
