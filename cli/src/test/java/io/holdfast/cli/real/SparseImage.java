package io.holdfast.cli.real;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** Disk images with holes. */
final class SparseImage {
    private static final int DATA_BYTES = 3 << 20;
    private static final int STAT_BLOCK_BYTES = 512;

    private SparseImage() {}

    /** Makes a sparse file with data in four places, one of them not aligned to blocks. */
    static Path make(Path folder, long size) throws IOException {
        Path image = Files.createTempFile(folder, "image", ".raw");
        byte[] data = new byte[DATA_BYTES];
        new Random(1).nextBytes(data);
        try (FileChannel out = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (long at : new long[] {0, 10 << 20, (20 << 20) + 512, size - data.length}) {
                out.write(ByteBuffer.wrap(data), at);
            }
        }
        return image;
    }

    /** Returns how many bytes of a file of the host are allocated. */
    static long allocated(Path file) throws IOException {
        String blocks = Program.run(file.getParent(), "stat", "-c", "%b", file.toString());
        return Long.parseLong(blocks.strip()) * STAT_BLOCK_BYTES;
    }
}
