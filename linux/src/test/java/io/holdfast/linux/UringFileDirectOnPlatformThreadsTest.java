package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;

final class UringFileDirectOnPlatformThreadsTest extends FileDeviceContract {
    UringFileDirectOnPlatformThreadsTest() {
        super(true, Uring.engine());
    }
}
