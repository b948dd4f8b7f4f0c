/**
 * The engine of Holdfast as a library: volumes in files and block devices, and the files in them. Begin with {@link
 * io.holdfast.engine.Volumes}; docs/examples has a program. The packages that are exported are what
 * docs/COMPATIBILITY.md speaks of.
 */
module io.holdfast.core {
    requires static transitive org.jspecify;
    requires com.dynatrace.hash4j;
    requires java.management;
    requires jdk.jfr;
    requires jdk.management;

    exports io.holdfast.engine;
    exports io.holdfast.volume;
    exports io.holdfast.error;
    exports io.holdfast.device;

    uses io.holdfast.device.DeviceProvider;
    uses io.holdfast.device.FileSpace;
    uses io.holdfast.device.IoEngine;
    uses io.holdfast.inject.Injector;
}
