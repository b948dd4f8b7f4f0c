package io.holdfast.linux;

import io.holdfast.device.FlushFailureContract;

final class UringFlushFailureTest extends FlushFailureContract {
    UringFlushFailureTest() {
        super(Uring.engine());
    }
}
