package io.holdfast.sim.workload;

import io.holdfast.sim.model.Change;
import io.holdfast.sim.schedule.Scheduler;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Changes a caller's buffer while a call runs, as guests do with their pages. */
final class Scribbler implements AutoCloseable {
    private final Scheduler scheduler;
    private final MemorySegment buffer;
    private final int id;
    private final SplittableRandom random;
    private @Nullable Thread thread;
    private boolean stopping;

    Scribbler(Scheduler scheduler, MemorySegment buffer, int id, SplittableRandom random) {
        this.scheduler = scheduler;
        this.buffer = buffer;
        this.id = id;
        this.random = random;
    }

    Scribbler start() {
        thread = scheduler.start(Thread.currentThread().getName() + "'s scribbler", this::run);
        return this;
    }

    private void run() {
        for (int version = 1; !stopping; version++) {
            long words = buffer.byteSize() / 8;
            for (int i = 0; i < 4; i++) {
                buffer.set(ValueLayout.JAVA_LONG_UNALIGNED, random.nextLong(words) * 8, Change.word(id, version));
            }
            if (random.nextInt(3) == 0) {
                scheduler.sleep(random.nextInt(100_000));
            } else {
                scheduler.pause();
            }
        }
    }

    @Override
    public void close() {
        stopping = true;
        Thread started = thread;
        if (started != null) {
            scheduler.join(started);
        }
    }
}
