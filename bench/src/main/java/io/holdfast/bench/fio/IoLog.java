package io.holdfast.bench.fio;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Writes a list of requests for fio to replay: random writes, with exactly one flush after a fixed number of them.
 *
 * <p>fio's own {@code --fsync=32} does that only at queue depth 1. With more requests in flight fio 3.33 sends flush
 * after flush until one is answered: in one run 19,351 flushes for 20,480 writes, instead of 640.
 */
public final class IoLog {
    private IoLog() {}

    public static void write(Path path, FioTarget target, long length, int blockBytes, int writes, int flushEvery)
            throws IOException {
        SplittableRandom random = new SplittableRandom(length ^ writes);
        String name = target.logName();
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(path))) {
            out.println("fio version 2 iolog");
            out.println(name + " add");
            out.println(name + " open");
            for (int i = 1; i <= writes; i++) {
                long offset = random.nextLong(length / blockBytes) * blockBytes;
                out.println(name + " write " + offset + " " + blockBytes);
                if (i % flushEvery == 0) {
                    out.println(name + " sync 0 0");
                }
            }
            out.println(name + " close");
            if (out.checkError()) {
                throw new IOException(path + " could not be written");
            }
        }
    }
}
