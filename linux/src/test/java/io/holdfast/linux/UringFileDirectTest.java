package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnVirtualThreads.class)
final class UringFileDirectTest extends FileDeviceContract {
    UringFileDirectTest() {
        super(true, Uring.engine());
    }
}
