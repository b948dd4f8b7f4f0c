package io.holdfast.linux;

import io.holdfast.device.FileDeviceContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnVirtualThreads.class)
final class UringFileBufferedTest extends FileDeviceContract {
    UringFileBufferedTest() {
        super(false, Uring.engine());
    }
}
