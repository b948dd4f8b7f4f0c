package io.holdfast.linux;

import io.holdfast.device.FlushFailureContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnVirtualThreads.class)
final class UringFlushFailureTest extends FlushFailureContract {
    UringFlushFailureTest() {
        super(Uring.engine());
    }
}
