package io.holdfast.device;

final class FlushFailureTest extends FlushFailureContract {
    FlushFailureTest() {
        super(IoEngine.PLAIN);
    }
}
