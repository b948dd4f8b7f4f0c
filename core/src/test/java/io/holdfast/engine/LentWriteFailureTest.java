package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.Fault;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.TestBuffers;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A zero-copy write takes the place of dirty pages only once it is on the device. */
class LentWriteFailureTest {
    @Test
    void whatWasAcknowledgedCanStillBeRead() throws Exception {
        FaultDevice device = new FaultDevice(TestVolumes.formatted(16));
        StoredVolume volume = TestVolumes.open(device, 1);
        StoredFile file = volume.create("/f", CreateOptions.file().withoutChecksum());
        file.write(0, filled(1));
        device.faultWrite(1, new Fault.Fail());
        assertThatThrownBy(() -> file.write(0, filled(2), Set.of(WriteFlag.DIRECT)))
                .isInstanceOf(HoldfastException.class);
        MemorySegment read = TestBuffers.memory(2);
        assertThat(file.read(0, read)).isEqualTo(read.byteSize());
        assertThat(read.mismatch(filled(1))).isEqualTo(-1);
        assertThatThrownBy(volume::close).isInstanceOf(HoldfastException.class);
    }

    private static MemorySegment filled(int value) {
        MemorySegment memory = TestBuffers.memory(2);
        for (long at = 0; at < memory.byteSize(); at += 4) {
            memory.set(ValueLayout.JAVA_INT, at, value);
        }
        return memory;
    }
}
