package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;

final class UringFileBufferedOnPlatformThreadsTest extends FileDeviceContract {
    UringFileBufferedOnPlatformThreadsTest() {
        super(false, Uring.engine());
    }
}
