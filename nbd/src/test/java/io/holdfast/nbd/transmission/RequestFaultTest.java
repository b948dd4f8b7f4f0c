package io.holdfast.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.concurrent.Timing;
import io.holdfast.door.ChangeGate;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.Slice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdEnvironment;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.export.ExportUse;
import io.holdfast.nbd.export.FileWriters;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.nbd.transport.SocketConnection;
import io.holdfast.nbd.transport.Transport;
import io.holdfast.volume.Extent;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An exception is thrown where none is expected. Whatever becomes of the connection, its thread ends; then nothing is
 * in flight, no thread uses the file, and all memory is back in the pool.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RequestFaultTest {
    private static final long SIZE = 16L << 20;

    /** Running calls of the file, on all threads. */
    private final AtomicInteger inFile = new AtomicInteger();

    private SocketChannel client;
    private Transport transport;
    private volatile Throwing fault = method -> {};
    /** Whether a read that fails to start was started all the same, and ends later. */
    private volatile boolean startedAllTheSame = true;

    private interface Throwing {
        void before(String method) throws HoldfastException;
    }

    /** An exception whose message cannot be had either, as when memory has run out. */
    private static final class Speechless extends HoldfastException {
        private static final long serialVersionUID = 1;

        Speechless() {
            super(ErrorCode.DEVICE_ERROR, "");
        }

        @Override
        public String getMessage() {
            throw new OutOfMemoryError("injected");
        }
    }

    @BeforeEach
    void connect() throws IOException {
        try (ServerSocketChannel server =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            client = SocketChannel.open(server.getLocalAddress());
            transport = new Transport(new SocketConnection(server.accept()));
        }
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        transport.close();
    }

    private StoredFile file() {
        return (StoredFile) Proxy.newProxyInstance(
                StoredFile.class.getClassLoader(), new Class<?>[] {StoredFile.class}, (proxy, method, arguments) -> {
                    inFile.incrementAndGet();
                    try {
                        return switch (method.getName()) {
                            case "size" -> SIZE;
                            case "openReads" -> {
                                fault.before("openReads");
                                yield new Reads();
                            }
                            default -> {
                                fault.before(method.getName());
                                yield switch (method.getName()) {
                                    case "read" -> (Object) ((MemorySegment) arguments[1]).byteSize();
                                    case "writeTogether" -> true;
                                    case "map" -> List.of(new Extent(0, SIZE, Extent.State.WRITTEN));
                                    default -> null;
                                };
                            }
                        };
                    } finally {
                        inFile.decrementAndGet();
                    }
                });
    }

    /** A queue whose injected failure comes after it has started the read. */
    private final class Reads implements ReadQueue {
        private final ExecutorService thread = Executors.newSingleThreadExecutor();

        @Override
        public Answer read(long offset, MemorySegment target, Ended ended) {
            try {
                fault.before("queue");
            } catch (HoldfastException e) {
                return Answer.REFUSED;
            } catch (RuntimeException | Error e) {
                if (startedAllTheSame) {
                    thread.execute(() -> ended.ended(false));
                }
                throw e;
            }
            thread.execute(() -> ended.ended(false));
            return Answer.STARTED;
        }

        @Override
        public void prepare(long offset, long length) throws HoldfastException {
            fault.before("prepare");
        }

        @Override
        public void close() {
            thread.close();
        }
    }

    private void send(CommandType type, int flags, long offset, int length) throws IOException {
        boolean write = type == CommandType.WRITE;
        ByteBuffer out = ByteBuffer.allocate(28 + (write ? length : 0));
        out.putInt(0x25609513).putShort((short) flags).putShort((short) type.code());
        out.putLong(7).putLong(offset).putInt(length).position(out.capacity()).flip();
        while (out.hasRemaining()) {
            client.write(out);
        }
    }

    /** Serves until the client is gone, then checks what is left. */
    private void serve(PayloadPool pool) throws InterruptedException {
        Export export = new Export("disk", "/disk", file(), SIZE, false, 1, ExportUse.FREE);
        FileWriters writers = new FileWriters(Timing.SYSTEM);
        FileWriters.Writer writer = new FileWriters.Writer(1, "", "test", false, false);
        Transmission phase = new Transmission(
                new Negotiated(export, ReplyFormat.STRUCTURED, true),
                transport,
                new InputBuffer(transport),
                NbdOptions.defaults(),
                pool,
                new WorkerPlaces(),
                new Meters(),
                new ChangeGate(Timing.SYSTEM),
                new Admission(export, 1, writers, writer, 0),
                NbdEnvironment.SYSTEM);
        try {
            phase.run();
        } catch (IOException | RuntimeException | Error expected) {
            // It ends, one way or another.
        }
        assertThat(phase.isBusy()).isFalse();
        assertThat(inFile).hasValue(0);
        assertThat(pool.lent()).isZero();
    }

    static Stream<Arguments> requests() {
        return Stream.of(
                        Arguments.of(CommandType.WRITE, 512, "write"),
                        Arguments.of(CommandType.WRITE, 64 << 10, "write"),
                        Arguments.of(CommandType.WRITE, 3 << 20, "write"),
                        Arguments.of(CommandType.READ, 100, "read"),
                        Arguments.of(CommandType.READ, 4096, "queue"),
                        Arguments.of(CommandType.READ, 4096, "openReads"),
                        Arguments.of(CommandType.READ, 4096, "read"),
                        Arguments.of(CommandType.READ, 3 << 20, "read"),
                        Arguments.of(CommandType.TRIM, 8192, "punch"),
                        Arguments.of(CommandType.WRITE_ZEROES, 8192, "punch"),
                        Arguments.of(CommandType.CACHE, 8192, "read"),
                        Arguments.of(CommandType.FLUSH, 0, "flush"),
                        Arguments.of(CommandType.BLOCK_STATUS, 8192, "map"))
                .flatMap(request -> Stream.of(
                                "OutOfMemoryError", "StackOverflowError", "IllegalStateException", "Speechless")
                        .map(kind -> Arguments.of(request.get()[0], request.get()[1], request.get()[2], kind)));
    }

    static Stream<Arguments> errors() {
        return requests().filter(request -> request.get()[3].toString().endsWith("Error"));
    }

    private static void raise(String kind) throws HoldfastException {
        switch (kind) {
            case "OutOfMemoryError" -> throw new OutOfMemoryError("injected");
            case "StackOverflowError" -> throw new StackOverflowError("injected");
            case "IllegalStateException" -> throw new IllegalStateException("injected");
            default -> throw new Speechless();
        }
    }

    @ParameterizedTest
    @MethodSource("requests")
    void nothingStays(CommandType type, int length, String method, String kind) throws Exception {
        fault = called -> {
            if (called.equals(method)) {
                raise(kind);
            }
        };
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 20; i++) {
                    send(type, 0, 4096L * i, length);
                }
                client.shutdownOutput();
            } catch (IOException e) {
                // Broken off.
            }
        });
        serve(new PayloadPool(256 << 20, 1));
        transport.abort();
        sender.join();
    }

    /** The client takes whatever comes. */
    private Thread takeAll() {
        return Thread.ofPlatform().start(() -> {
            try {
                while (client.read(ByteBuffer.allocate(64 << 10)) >= 0) {}
            } catch (IOException e) {
                // Broken off.
            }
        });
    }

    /** A read that fails before it has begun never ends; its memory goes back all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"OutOfMemoryError", "IllegalStateException"})
    void nothingStaysOfAReadThatNeverBegan(String kind) throws Exception {
        startedAllTheSame = false;
        nothingStays(CommandType.READ, 4096, "queue", kind);
    }

    /** The requests are served in small steps. */
    @ParameterizedTest
    @MethodSource("requests")
    void nothingStaysOfSmallSteps(CommandType type, int length, String method, String kind) throws Exception {
        fault = called -> {
            if (called.equals(method)) {
                raise(kind);
            }
        };
        Thread taker = takeAll();
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 3; i++) {
                    send(type, 0, 4096L * i, length);
                }
                client.shutdownOutput();
            } catch (IOException e) {
                // Broken off.
            }
        });
        serve(new PayloadPool(0, 1));
        transport.abort();
        sender.join();
        taker.join();
    }

    /** An error ends the connection: the client sees that, and no reply tells it to go on. */
    @ParameterizedTest
    @MethodSource("errors")
    void anErrorEndsTheConnection(CommandType type, int length, String method, String kind) throws Exception {
        fault = called -> {
            if (called.equals(method)) {
                raise(kind);
            }
        };
        send(type, 0, 0, length);
        // The client does not end its side: the server must.
        serve(new PayloadPool(256 << 20, 1));
        assertThat(transport.isOpen()).isFalse();
    }

    /** Each allocation of the pool, also for small steps, fails with an exception that is not OutOfMemoryError. */
    @ParameterizedTest
    @MethodSource("requests")
    void nothingStaysWithoutMemory(CommandType type, int length, String method, String kind) throws Exception {
        send(type, 0, 0, length);
        client.shutdownOutput();
        serve(new PayloadPool(256 << 20, 1, Slice.MAX, bytes -> {
            throw new IllegalStateException("injected");
        }));
    }

    /** Memory runs out at each allocation in turn, and stays out: leases are refused, then there is none for steps. */
    @ParameterizedTest
    @MethodSource("allocations")
    void nothingStaysWhenMemoryRunsOut(CommandType type, int length, int good) throws Exception {
        AtomicInteger left = new AtomicInteger(good);
        Thread taker = takeAll();
        send(type, 0, 0, length);
        client.shutdownOutput();
        serve(new PayloadPool(256 << 20, 1, Slice.MAX, bytes -> {
            if (left.getAndDecrement() <= 0) {
                throw new OutOfMemoryError("injected");
            }
            return Slice.allocate(bytes);
        }));
        transport.abort();
        taker.join();
    }

    static Stream<Arguments> allocations() {
        return requests()
                .filter(request -> request.get()[3].equals("Speechless"))
                .flatMap(request ->
                        Stream.of(0, 1, 2, 3).map(good -> Arguments.of(request.get()[0], request.get()[1], good)));
    }

    /** The reading thread fails while a worker has a request: the file stays open until the worker is done. */
    @Test
    void whatAWorkerHasIsWaitedFor() throws Exception {
        Semaphore inFlush = new Semaphore(0);
        Semaphore goOn = new Semaphore(0);
        fault = called -> {
            if (called.equals("flush")) {
                inFlush.release();
                goOn.acquireUninterruptibly();
            } else if (called.equals("write")) {
                throw new IllegalStateException("injected");
            }
        };
        send(CommandType.FLUSH, 0, 0, 0);
        Thread late = Thread.ofPlatform().start(() -> {
            inFlush.acquireUninterruptibly();
            try {
                send(CommandType.WRITE, 0, 0, 512);
                // The write throws, so the server breaks off the connection.
                while (client.read(ByteBuffer.allocate(64)) >= 0) {}
            } catch (IOException e) {
                // A reset is an end too.
            }
            goOn.release();
        });
        serve(new PayloadPool(256 << 20, 1));
        assertThat(late.join(Duration.ofSeconds(30))).isTrue();
    }
}
