package io.holdfast.linux;

import io.holdfast.device.BlockDeviceContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnVirtualThreads.class)
final class UringBlockDeviceTest extends BlockDeviceContract {
    UringBlockDeviceTest() {
        super(Uring.engine());
    }
}
