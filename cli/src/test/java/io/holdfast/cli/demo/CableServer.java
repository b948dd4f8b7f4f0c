package io.holdfast.cli.demo;

import io.holdfast.cli.Engine;
import io.holdfast.cli.TestMain;
import io.holdfast.device.Device;
import io.holdfast.device.DeviceClaim;
import io.holdfast.device.DeviceOptions;
import io.holdfast.device.DeviceProvider;
import io.holdfast.device.DeviceSource;
import io.holdfast.device.Devices;
import io.holdfast.device.FormattableDevice;
import io.holdfast.device.ForwardingDevice;
import io.holdfast.device.LentBuffer;
import io.holdfast.device.Piece;
import io.holdfast.device.SealedBuffer;
import io.holdfast.engine.Volumes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs a command, in a process of its own, on a volume file behind a cable: while a file {@code VOLUME.pulled} exists, all
 * I/O of the volume fails.
 */
public final class CableServer {
    private static final String SCHEME = "cable";

    private CableServer() {}

    public static void main(String[] args) throws IOException {
        TestMain.main(
                new Engine() {
                    @Override
                    public void format(Path device, FormatOptions options, Progress progress) throws HoldfastException {
                        Volumes.format(device, options, progress);
                    }

                    @Override
                    public Volume open(Path device, OpenOptions options) throws HoldfastException {
                        return Volumes.open(URI.create(SCHEME + ":" + device.toAbsolutePath()), options);
                    }
                },
                args);
    }

    /** Returns the file whose presence pulls the cable of a volume. */
    public static Path pulled(Path volume) {
        return volume.resolveSibling(volume.getFileName() + ".pulled");
    }

    /** The cables. */
    public static final class Provider implements DeviceProvider {
        @Override
        public Set<String> schemes() {
            return Set.of(SCHEME);
        }

        @Override
        public DeviceSource at(URI uri) {
            return new Source(Path.of(uri.getPath()));
        }
    }

    private record Source(Path path) implements DeviceSource {
        @Override
        public boolean create() throws HoldfastException {
            return Devices.at(path).create();
        }

        @Override
        public void remove() {
            Devices.at(path).remove();
        }

        @Override
        public DeviceClaim claim(boolean writable) throws HoldfastException {
            DeviceClaim claim = Devices.at(path).claim(writable);
            return new DeviceClaim() {
                @Override
                public String storage() {
                    return claim.storage();
                }

                @Override
                public Device open(DeviceOptions options) throws HoldfastException {
                    return new Cable(claim.open(options), pulled(path));
                }

                @Override
                public FormattableDevice openToFormat(boolean taking) throws HoldfastException {
                    return claim.openToFormat(taking);
                }

                @Override
                public void close() throws HoldfastException {
                    claim.close();
                }
            };
        }

        @Override
        public String storage() throws IOException {
            return Devices.at(path).storage();
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }

    private static final class Cable extends ForwardingDevice {
        private final Path pulled;

        Cable(Device device, Path pulled) {
            super(device);
            this.pulled = pulled;
        }

        private void require() throws HoldfastException {
            if (Files.exists(pulled)) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, name() + ": the cable is pulled");
            }
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            require();
            super.read(block, target);
        }

        @Override
        public io.holdfast.device.@Nullable DeviceReads openReads(String name, Runnable handedOn) {
            return null;
        }

        @Override
        public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
            require();
            super.write(block, source, from, count);
        }

        @Override
        public void write(SealedBuffer source, List<Piece> pieces) throws HoldfastException {
            require();
            super.write(source, pieces);
        }

        @Override
        public void write(long block, LentBuffer source) throws HoldfastException {
            require();
            super.write(block, source);
        }

        @Override
        public void flush() throws HoldfastException {
            require();
            super.flush();
        }
    }
}
