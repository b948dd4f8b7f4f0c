package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Run in several JVMs: adds one to a number in a file, many times, protected by a {@link LockFile} alone, which is
 * removed each time.
 */
final class LockRacingProgram {
    private LockRacingProgram() {}

    public static void main(String[] args) throws Exception {
        Path path = Path.of(args[0]);
        int rounds = Integer.parseInt(args[2]);
        try (FileChannel counter =
                FileChannel.open(Path.of(args[1]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            while (rounds > 0) {
                try {
                    LockFile lock = LockFile.take(path, path, false);
                    long before = read(counter);
                    Thread.yield();
                    counter.write(ByteBuffer.allocate(Long.BYTES).putLong(0, before + 1), 0);
                    rounds--;
                    lock.release();
                } catch (HoldfastException e) {
                    if (e.code() != ErrorCode.HELD) {
                        throw e;
                    }
                    Thread.onSpinWait();
                }
            }
        }
    }

    static long read(FileChannel counter) throws IOException {
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
        counter.read(number, 0);
        return number.getLong(0);
    }
}
