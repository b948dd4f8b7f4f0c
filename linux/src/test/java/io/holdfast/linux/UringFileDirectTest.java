package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;

final class UringFileDirectTest extends FileDeviceContract {
    UringFileDirectTest() {
        super(true, Uring.engine());
    }
}
