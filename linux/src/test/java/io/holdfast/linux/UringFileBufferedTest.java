package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;

final class UringFileBufferedTest extends FileDeviceContract {
    UringFileBufferedTest() {
        super(false, Uring.engine());
    }
}
