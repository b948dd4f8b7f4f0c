package io.holdfast.cli.demo;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.WriteFlag;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32C;

/**
 * Threads that write, buffered and direct in turn, from memory that other threads change all the time.
 *
 * <p>Invariant: while paused no write runs; the scribblers never rest.
 */
final class ScribbleWriters implements AutoCloseable {
    static final long FILE_BYTES = 64L << 20;
    static final int WRITE_BLOCKS = 16;

    private static final int WRITERS = 8;
    private static final int SCRIBBLERS = 2;
    private static final int WRITE_BYTES = WRITE_BLOCKS * Volume.BLOCK_SIZE;
    private static final int WRITES_BETWEEN_FLUSHES = 64;

    private final StoredFile file;
    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> buffers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final LongAdder writes = new LongAdder();
    private final LongAdder changed = new LongAdder();
    private final Phaser gate = new Phaser(1);
    private final Queue<IOException> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean paused;
    private volatile boolean stop;

    private ScribbleWriters(StoredFile file) {
        this.file = file;
    }

    static ScribbleWriters start(StoredFile file) {
        ScribbleWriters all = new ScribbleWriters(file);
        for (int i = 0; i < WRITERS; i++) {
            all.buffers.add(all.arena.allocate(WRITE_BYTES, Volume.BLOCK_SIZE));
        }
        all.gate.bulkRegister(WRITERS);
        for (int i = 0; i < WRITERS; i++) {
            int id = i;
            all.threads.add(Thread.ofPlatform().name("writer-" + id).start(() -> all.write(id)));
        }
        for (int i = 0; i < SCRIBBLERS; i++) {
            int id = i;
            all.threads.add(Thread.ofPlatform().name("scribbler-" + id).start(() -> all.scribble(id)));
        }
        return all;
    }

    private void write(int id) {
        MemorySegment buffer = buffers.get(id);
        Random random = new Random(id);
        try {
            for (int i = 1; !stop; i++) {
                long place = random.nextLong(FILE_BYTES / WRITE_BYTES) * WRITE_BYTES;
                long before = crc(buffer);
                file.write(place, buffer, i % 2 == 0 ? Set.of(WriteFlag.DIRECT) : Set.of());
                changed.add(crc(buffer) == before ? 0 : 1);
                writes.increment();
                if (i % WRITES_BETWEEN_FLUSHES == 0) {
                    file.flush();
                }
                if (paused) {
                    gate.arriveAndAwaitAdvance();
                    gate.arriveAndAwaitAdvance();
                }
            }
        } catch (HoldfastException e) {
            failures.add(e);
        } finally {
            gate.arriveAndDeregister();
        }
    }

    private void scribble(int id) {
        Random random = new Random(1000 + id);
        while (!stop) {
            MemorySegment buffer = buffers.get(random.nextInt(WRITERS));
            for (int i = 0; i < WRITE_BLOCKS; i++) {
                buffer.set(ValueLayout.JAVA_LONG_UNALIGNED, random.nextInt(WRITE_BYTES - 8), random.nextLong());
            }
        }
    }

    private static long crc(MemorySegment buffer) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.asByteBuffer());
        return crc.getValue();
    }

    /** Returns when no write runs. */
    void pause() throws IOException {
        paused = true;
        gate.arriveAndAwaitAdvance();
        IOException failure = failures.peek();
        if (failure != null) {
            throw failure;
        }
    }

    void resume() {
        paused = false;
        gate.arriveAndAwaitAdvance();
    }

    long writes() {
        return writes.sum();
    }

    /** Returns how many buffers changed during their write. */
    long changed() {
        return changed.sum();
    }

    @Override
    public void close() throws IOException {
        stop = true;
        paused = false;
        gate.forceTermination();
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        arena.close();
        IOException failure = failures.peek();
        if (failure != null) {
            throw failure;
        }
    }
}
