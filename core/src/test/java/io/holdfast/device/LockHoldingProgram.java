package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.nio.file.Path;

/** Run in a JVM of its own: locks a volume, says so or why not, and keeps it until its standard input ends. */
final class LockHoldingProgram {
    static final String LOCKED = "LOCKED";

    private LockHoldingProgram() {}

    public static void main(String[] args) throws Exception {
        try (VolumeLock _ = VolumeLock.acquire(Path.of(args[0]), Boolean.parseBoolean(args[1]))) {
            System.out.println(LOCKED);
            while (System.in.read() >= 0) {
                continue;
            }
        } catch (HoldfastException e) {
            System.out.println(e.code() + " " + e.getMessage());
        }
    }
}
