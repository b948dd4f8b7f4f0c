package io.holdfast.linux;

import io.holdfast.device.BlockDeviceContract;

final class UringBlockDeviceOnPlatformThreadsTest extends BlockDeviceContract {
    UringBlockDeviceOnPlatformThreadsTest() {
        super(Uring.engine());
    }
}
