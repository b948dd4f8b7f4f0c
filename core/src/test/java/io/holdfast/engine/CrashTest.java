package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.CrashRule;
import io.holdfast.device.FaultDevice;
import io.holdfast.device.IoHook;
import io.holdfast.device.MemoryDevice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Cuts the power after writes and flushes of a random workload, in every way a {@link CrashRule} knows, and looks at
 * what is there after recovery, also after a second power cut during the recovery. Now and then the workload itself
 * goes on from such an image. More seeds with {@code -Dholdfast.crash.seeds=N}, others with {@code
 * -Dholdfast.crash.first=SEED}.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CrashTest {
    private static final int SEEDS = Integer.getInteger("holdfast.crash.seeds", 12);
    private static final long FIRST = Long.getLong("holdfast.crash.first", 1);
    private static final int STEPS = 150;
    private static final int LIVES = 4;

    @Test
    void keepsItsPromisesOverPowerCuts() {
        int images = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Run run = new Run(seed);
            try {
                run.run();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("seed " + seed + ", life " + run.life + ", " + run.workload.last, e);
            }
            images += run.images.get();
        }
        assertThat(images).isGreaterThan(SEEDS * 20);
    }

    private static final class Run {
        private final Random random;
        private final CrashWorkload workload;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final AtomicInteger images = new AtomicInteger();
        private MemoryDevice medium;
        private int life;

        Run(long seed) {
            random = new Random(seed);
            workload = new CrashWorkload(random.nextLong());
            try {
                medium = TestVolumes.formatted(16, ChecksumAlgorithm.values()[random.nextInt(2)], seed);
            } catch (HoldfastException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }

        void run() throws Exception {
            for (life = 0; life < LIVES; life++) {
                FaultDevice device = new FaultDevice(medium);
                try (StoredVolume volume = TestVolumes.open(device, random.nextLong())) {
                    workload.begin(volume);
                    device.setHook(new Cutter(device, random.nextLong()));
                    for (int step = 0; step < STEPS && failure.get() == null; step++) {
                        workload.step();
                    }
                    device.setHook(IoHook.NONE);
                    if (failure.get() == null) {
                        // What was closed and not flushed is still only in the drive's cache.
                        medium = workload.locked(() -> device.imageAfterCrash(n -> rule(n, random)));
                    }
                    workload.end();
                }
                Throwable thrown = failure.get();
                if (thrown != null) {
                    throw new AssertionError("after a power cut", thrown);
                }
            }
        }

        /** Takes images between the I/Os of the workload and verifies them. */
        private final class Cutter implements IoHook {
            private final FaultDevice device;
            private final Random cuts;

            Cutter(FaultDevice device, long seed) {
                this.device = device;
                this.cuts = new Random(seed);
            }

            @Override
            public void after(Operation operation, long block, long blocks) {
                if (operation == Operation.READ || failure.get() != null) {
                    return;
                }
                try {
                    workload.locked(() -> {
                        if (cuts.nextInt(6) == 0) {
                            cut();
                        }
                        return this;
                    });
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            }

            private void cut() throws Exception {
                AtomicReference<CrashRule> rule = new AtomicReference<>();
                MemoryDevice image = device.imageAfterCrash(n -> {
                    rule.set(rule(n, cuts));
                    return rule.get();
                });
                images.incrementAndGet();
                try {
                    recover(image);
                } catch (Exception | AssertionError e) {
                    throw new AssertionError(String.valueOf(rule.get()), e);
                }
            }

            /** Opens an image, with a second power cut meanwhile, and verifies what both leave. */
            private void recover(MemoryDevice image) throws Exception {
                FaultDevice device2 = new FaultDevice(image);
                AtomicReference<MemoryDevice> second = new AtomicReference<>();
                device2.setHook(new IoHook() {
                    private int left = 1 + cuts.nextInt(12);

                    @Override
                    public void after(Operation operation, long block, long blocks) {
                        if (operation != Operation.READ && --left == 0) {
                            try {
                                second.set(device2.imageAfterCrash(n -> rule(n, cuts)));
                            } catch (HoldfastException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    }
                });
                try (StoredVolume volume = TestVolumes.open(device2, cuts.nextLong())) {
                    workload.verify(volume);
                    device2.setHook(IoHook.NONE);
                }
                MemoryDevice again = second.get();
                if (again != null) {
                    try (StoredVolume volume = TestVolumes.open(new FaultDevice(again), cuts.nextLong())) {
                        workload.verify(volume);
                    }
                }
            }
        }

        private static CrashRule rule(int n, Random random) {
            int any = n == 0 ? 0 : random.nextInt(n);
            if (n == 0) {
                return new CrashRule.DropAll();
            }
            return switch (random.nextInt(8)) {
                case 0 -> new CrashRule.DropAll();
                case 1 -> new CrashRule.KeepAll();
                case 2 -> new CrashRule.KeepPrefix(any);
                case 3 -> new CrashRule.DropOne(any);
                case 4 -> new CrashRule.KeepOne(any);
                case 5 -> new CrashRule.RandomSubset(random.nextLong());
                case 6 -> new CrashRule.Tear(any, random.nextInt(9));
                default -> new CrashRule.RandomTear(random.nextLong());
            };
        }
    }
}
