package io.holdfast.linux;

import java.io.IOException;
import org.junit.jupiter.api.Assumptions;

/** The engine for tests, which are skipped where the kernel refuses it. */
final class Uring {
    private Uring() {}

    static UringEngine engine() {
        try {
            RingThread.start(NativeSyscalls.INSTANCE, "probe", () -> {}).close();
        } catch (IOException e) {
            System.out.println("SKIPPED: no io_uring here: " + e.getMessage());
            Assumptions.abort("no io_uring here");
        }
        return new UringEngine();
    }
}
