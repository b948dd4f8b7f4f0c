package io.holdfast.device;

final class FileDeviceBufferedTest extends FileDeviceContract {
    FileDeviceBufferedTest() {
        super(false, IoEngine.PLAIN);
    }
}
