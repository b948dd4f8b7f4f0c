package io.holdfast.device;

/** On a file system that takes direct I/O, which all common ones on disks do. */
final class FileDeviceDirectTest extends FileDeviceContract {
    FileDeviceDirectTest() {
        super(true);
    }
}
