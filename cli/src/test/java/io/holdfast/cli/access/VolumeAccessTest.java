package io.holdfast.cli.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.Engine;
import io.holdfast.cli.control.ControlPath;
import io.holdfast.cli.control.ControlServer;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.fake.Household;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeAccessTest {
    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() {
        home = new Household(folder).formatted();
    }

    private VolumeAccess patient(Engine engine) {
        return new VolumeAccess(engine, Cancellation.none(), Duration.ofMinutes(1));
    }

    @Test
    void aFreeVolumeIsOpenedHere() throws IOException {
        try (Volume volume = patient(home.engine).open(home.volume, OpenOptions.readWrite())) {
            assertThat(volume).isSameAs(home.fake());
        }
    }

    @Test
    void aServedVolumeIsReachedThroughItsServer() throws IOException {
        home.serve();
        try (Volume volume = patient(home.engine).open(home.volume, OpenOptions.readWrite())) {
            assertThat(volume).isInstanceOf(RemoteVolume.class);
        }
        home.close();
    }

    @Test
    void aServedVolumeIsNotServedOnceMore() throws IOException {
        home.serve();
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> patient(home.engine).openHere(home.volume, OpenOptions.readWrite()))
                .withMessageContaining("served already")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD));
        home.close();
    }

    @Test
    void aVolumeHeldByAnotherCommandIsWaitedFor() throws IOException {
        Volume holder = home.hold();
        AtomicInteger tries = new AtomicInteger();
        Engine engine = new Delegate(home.engine) {
            @Override
            public Volume open(Path device, OpenOptions options) throws HoldfastException {
                if (tries.incrementAndGet() == 3) {
                    holder.close();
                }
                return super.open(device, options);
            }
        };
        try (Volume volume = patient(engine).open(home.volume, OpenOptions.readWrite())) {
            assertThat(volume).isSameAs(home.fake());
        }
        assertThat(tries).hasValue(3);
    }

    @Test
    void aServerThatIsJustStartingIsWaitedFor() throws IOException {
        Volume holder = home.hold();
        AtomicInteger tries = new AtomicInteger();
        var server = new ControlServer[1];
        Engine engine = new Delegate(home.engine) {
            @Override
            public Volume open(Path device, OpenOptions options) throws HoldfastException {
                if (tries.incrementAndGet() == 3) {
                    server[0] = start(holder, device);
                }
                return super.open(device, options);
            }
        };
        try (Volume volume = patient(engine).open(home.volume, OpenOptions.readWrite())) {
            assertThat(volume.status("/").inode()).isEqualTo(1);
        }
        server[0].close();
        holder.close();
    }

    private static ControlServer start(Volume volume, Path device) {
        try {
            return ControlServer.start(volume, ControlPath.of(device));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aVolumeThatStaysHeldIsAnErrorThatNamesTheHolder() throws IOException {
        try (Volume holder = home.hold()) {
            assertThatExceptionOfType(HoldfastException.class)
                    .isThrownBy(() -> new VolumeAccess(home.engine, Cancellation.none(), Duration.ZERO)
                            .open(home.volume, OpenOptions.readWrite()))
                    .withMessageContaining("4711")
                    .withMessageContaining(".sock")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD));
            assertThat(holder.usage().total()).isPositive();
        }
    }

    /** Nobody has the new file open, even though its name is locked. */
    @Test
    void ofAFileInThePlaceOfAServedOneOnlyWhatIsTrueIsSaid() throws IOException {
        home.serve();
        home.fake().isOn("what was there before");
        assertThatExceptionOfType(HoldfastException.class)
                .isThrownBy(() -> new VolumeAccess(home.engine, Cancellation.none(), Duration.ZERO)
                        .open(home.volume, OpenOptions.readWrite()))
                .withMessageContaining(home.volume + " is not the file that the server at ")
                .withMessageContaining("renamed or replaced")
                .withMessageNotContaining("held by")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD));
        home.close();
    }

    @Test
    void aStaleSocketIsNoObstacle() throws IOException {
        Path socket = Path.of(home.volume.toRealPath() + ".sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        home.serve();
        assertThat(home.controlSocket()).isEqualTo(socket);
        assertThat(home.run("ls", "VOLUME").status()).isZero();
        home.close();
        assertThat(socket).doesNotExist();
        assertThat(home.run("ls", "VOLUME").status()).isZero();
    }

    /** An engine on top of another. */
    private static class Delegate implements Engine {
        private final Engine engine;

        Delegate(Engine engine) {
            this.engine = engine;
        }

        @Override
        public void format(Path device, FormatOptions options, Progress progress) throws HoldfastException {
            engine.format(device, options, progress);
        }

        @Override
        public Volume open(Path device, OpenOptions options) throws HoldfastException {
            return engine.open(device, options);
        }
    }
}
