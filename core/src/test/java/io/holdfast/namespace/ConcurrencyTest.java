package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.btree.Generator;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads on few names: each result is one that POSIX allows, and the volume is clean at the end. */
class ConcurrencyTest extends NamespaceFixture {
    private static final int THREADS = 8;
    private static final int OPERATIONS = 1500;

    @Test
    @Timeout(120)
    void threadsShareTheNamespace() throws HoldfastException, InterruptedException, ExecutionException {
        for (String directory : new String[] {"/a", "/b", "/c"}) {
            mkdir(directory);
        }
        List<Future<?>> threads = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int thread = 0; thread < THREADS; thread++) {
                Generator random = new Generator(thread);
                threads.add(executor.submit(() -> {
                    for (int i = 0; i < OPERATIONS; i++) {
                        step(random);
                    }
                }));
            }
        }
        for (Future<?> thread : threads) {
            thread.get();
        }
        assertThat(unlinked).doesNotHaveDuplicates();
    }

    private void step(Generator random) {
        String from = path(random);
        String to = path(random);
        try {
            switch (random.between(0, 8)) {
                case 0 -> create(from);
                case 1 -> mkdir(from);
                case 2 -> names.symlink(from, "../" + random.pick("a", "b", "c"));
                case 3 -> names.remove(from);
                case 4 -> names.rename(from, to);
                case 5 -> names.link(from, to);
                case 6 -> names.setXattr(from, "user.x", new byte[random.between(0, 5000)]);
                case 7 -> assertThat(names.list("/", "", 10)).hasSizeBetween(1, 10);
                default -> names.resolve(from, true);
            }
        } catch (HoldfastException e) {
            assertThat(e.code())
                    .isIn(
                            ErrorCode.NOT_FOUND,
                            ErrorCode.EXISTS,
                            ErrorCode.NOT_A_DIRECTORY,
                            ErrorCode.IS_A_DIRECTORY,
                            ErrorCode.DIRECTORY_NOT_EMPTY,
                            ErrorCode.TOO_MANY_SYMLINKS,
                            ErrorCode.INVALID);
        }
    }

    private static String path(Generator random) {
        String path = "/" + random.pick("a", "b", "c");
        return random.oneIn(5) ? path : path + "/" + random.pick("x", "y", "z");
    }
}
