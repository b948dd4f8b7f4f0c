package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.device.EngineRefusedException;
import io.holdfast.device.FileDevice;
import io.holdfast.device.IoEngine;
import io.holdfast.device.TestBuffers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ServiceLoader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Kernels without io_uring, or that refuse it: the message says so clearly, and nothing stays open. */
class UringRefusedTest {
    private static final int EIO = 5;
    /** The second call; the first makes an event descriptor. */
    private static final int SET_UP = 2;

    @TempDir
    Path directory;

    private Path volume;

    @BeforeEach
    void create() throws Exception {
        volume = directory.resolve("volume");
        FileDevice.create(volume, 1 << 20, false).close();
    }

    @ParameterizedTest
    @CsvSource({
        "1, kernel.io_uring_disabled",
        "13, rules of a container",
        "38, too old",
        "12, ulimit -l",
        "24, ulimit -n",
        "5, Input/output error"
    })
    void saysWhy(int errno, String words) {
        FailingSyscalls calls = new FailingSyscalls(SET_UP, errno);
        UringEngine engine = new UringEngine(() -> calls);
        assertThatThrownBy(() -> FileDevice.open(volume, true, true, engine))
                .isInstanceOf(EngineRefusedException.class)
                .hasMessageContaining("io_uring cannot be used")
                .hasMessageContaining(words);
        assertThat(calls.open).isEmpty();
    }

    @Test
    void aVirtualMachineWithoutNativeAccessIsARefusalToo() {
        UringEngine engine = new UringEngine(() -> {
            throw new ExceptionInInitializerError(new IllegalCallerException("no native access"));
        });
        assertThatThrownBy(() -> FileDevice.open(volume, true, true, engine))
                .isInstanceOf(EngineRefusedException.class)
                .hasMessageContaining("does not let us call the system");
    }

    /** Fails each call of the opening once, in turn, until the opening succeeds. */
    @Test
    void nothingStaysOpenWhicheverCallFails() throws Exception {
        Uring.engine();
        int failAt = 1;
        while (true) {
            FailingSyscalls calls = new FailingSyscalls(failAt, EIO);
            UringEngine engine = new UringEngine(() -> calls);
            try {
                engine.open(volume, true, true).close();
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("Input/output error");
            }
            assertThat(calls.open).as("open after call %d failed", failAt).isEmpty();
            assertThat(calls.mapped).as("mapped after call %d failed", failAt).isEmpty();
            if (!calls.failed()) {
                break;
            }
            failAt++;
        }
        assertThat(failAt).isGreaterThan(4);
    }

    /** Before Linux 6.1 a ring with our flags is an invalid argument; one without them does as well. */
    @Test
    void aKernelThatDoesNotKnowTheFlagsGivesARingWithoutThem() throws Exception {
        Uring.engine();
        FailingSyscalls calls = new FailingSyscalls(0, 0) {
            @Override
            public int setUpRing(int entries, MemorySegment params) throws SystemCallException {
                if (params.get(JAVA_INT, 8) != 0) {
                    throw failure(Errno.EINVAL);
                }
                return super.setUpRing(entries, params);
            }
        };
        try (FileDevice device = FileDevice.open(volume, true, true, new UringEngine(() -> calls))) {
            TestBuffers.write(device, 3, TestBuffers.random(1, 2));
            device.flush();
            assertThat(TestBuffers.read(device, 3, 2)).isEqualTo(TestBuffers.random(1, 2));
        }
        assertThat(calls.open).isEmpty();
        assertThat(calls.mapped).isEmpty();
    }

    @Test
    void aKernelBefore56IsTooOld() {
        Uring.engine();
        FailingSyscalls calls = new FailingSyscalls(0, 0) {
            @Override
            public int setUpRing(int entries, MemorySegment params) throws SystemCallException {
                int ring = super.setUpRing(entries, params);
                params.set(JAVA_INT, 20, 7);
                return ring;
            }
        };
        assertThatThrownBy(() -> FileDevice.open(volume, true, true, new UringEngine(() -> calls)))
                .isInstanceOf(EngineRefusedException.class)
                .hasMessageContaining("too old");
        assertThat(calls.open).isEmpty();
    }

    @Test
    void theEngineIsFoundAsAService() {
        assertThat(ServiceLoader.load(IoEngine.class)).hasOnlyElementsOfType(UringEngine.class);
    }

    @Test
    void theFlagOfDirectIoDependsOnTheArchitecture() {
        assertThat(UringEngine.directFlag("amd64")).isEqualTo(040000);
        assertThat(UringEngine.directFlag("aarch64")).isEqualTo(0200000);
    }
}
