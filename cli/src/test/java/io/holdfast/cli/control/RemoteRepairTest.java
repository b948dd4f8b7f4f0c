package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.holdfast.error.ErrorCode;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.VolumeRepair;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a command ends the repair that a server has begun for it. The server here answers as each test says. */
@Timeout(60)
class RemoteRepairTest {
    private static final CheckReport CLEAN = new CheckReport(List.of(), 0, 1, 1, 1, 0, 1, List.of());

    @TempDir
    private Path folder;

    private ServerSocketChannel listener;
    private VolumeRepair repair;
    private SocketChannel accepted;
    private final Watchdog watchdog = new Watchdog();
    private FrameChannel server;

    @BeforeEach
    void connect() throws IOException {
        Path volume = Files.createFile(folder.resolve("v"));
        ControlPath path = ControlPath.of(volume);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(path.candidates().getFirst()));
        repair = RemoteVolume.connect(path).orElseThrow().repair();
        accepted = listener.accept();
        server = new FrameChannel(accepted, watchdog, FrameChannel.FRAME_TIME_MAX);
    }

    @AfterEach
    void close() throws IOException {
        repair.close();
        accepted.close();
        listener.close();
        watchdog.close();
    }

    private Request next() throws IOException {
        Optional<Frame> frame = server.read();
        return Codec.request(frame.orElseThrow().json());
    }

    private void answer(Object value) throws IOException {
        server.write(new Frame(Codec.bytes(new Reply.Result(Codec.tree(value))), Frame.NO_DATA));
    }

    /** Checks, as repair number 7. */
    private void checked() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<CheckReport> report = threads.submit(() -> repair.check(Progress.NONE));
            assertThat(next()).isEqualTo(new VolumeRequest.CheckForRepair());
            answer(new VolumeRequest.RepairFound(7, CLEAN));
            assertThat(report.get()).isEqualTo(CLEAN);
        }
    }

    @Test
    void closingEndsItAndReturnsAfterTheAnswer() throws Exception {
        checked();
        List<String> order = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> closing = threads.submit(() -> {
                repair.close();
                synchronized (order) {
                    order.add("closed");
                }
                return null;
            });
            assertThat(next()).isEqualTo(new VolumeRequest.EndRepair(7));
            synchronized (order) {
                order.add("answered");
                answer(List.of());
            }
            closing.get();
        }
        assertThat(order).containsExactly("answered", "closed");
        assertThat(server.read()).isEmpty();
    }

    @Test
    void nothingIsEndedThatHasNotBegun() throws Exception {
        repair.close();
        assertThat(server.read()).isEmpty();
    }

    @Test
    void closingTwiceAsksOnce() throws Exception {
        checked();
        Thread closing = Thread.ofVirtual().start(this::closeRepair);
        assertThat(next()).isEqualTo(new VolumeRequest.EndRepair(7));
        answer(List.of());
        closing.join();
        closeRepair();
        assertThat(server.read()).isEmpty();
    }

    private void closeRepair() {
        try {
            repair.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServerThatDoesNotAnswerIsNotWaitedForForEver() throws Exception {
        checked();
        closeRepair();
        assertThat(next()).isEqualTo(new VolumeRequest.EndRepair(7));
        assertThat(server.read()).isEmpty();
    }

    @Test
    void aServerThatIsGone() throws Exception {
        checked();
        accepted.close();
        closeRepair();
    }

    @Test
    void aServerThatKnowsNoSuchRepair() throws Exception {
        checked();
        Thread closing = Thread.ofVirtual().start(this::closeRepair);
        next();
        server.write(new Frame(Codec.bytes(new Reply.Problem(ErrorCode.CLOSED, "none of them")), Frame.NO_DATA));
        closing.join();
        assertThat(server.read()).isEmpty();
    }

    /** Ctrl-C closes the repair while the command's own thread waits for a server that does not answer. */
    @Test
    void anotherThreadThatWaitsIsSetFree() throws Exception {
        checked();
        CountDownLatch ended = new CountDownLatch(1);
        Thread planning = Thread.ofVirtual().start(() -> {
            assertThatExceptionOfType(ServerLostException.class).isThrownBy(repair::plan);
            ended.countDown();
        });
        assertThat(next()).isEqualTo(new VolumeRequest.PlanRepair(7));
        closeRepair();
        ended.await();
        planning.join();
    }
}
