package io.holdfast.linux;

import io.holdfast.device.BlockDeviceContract;

final class UringBlockDeviceTest extends BlockDeviceContract {
    UringBlockDeviceTest() {
        super(Uring.engine());
    }
}
