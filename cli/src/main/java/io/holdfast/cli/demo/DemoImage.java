package io.holdfast.cli.demo;

import io.holdfast.cli.host.Tools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** The disk image that the demonstration imports: if possible a real ext4 file system with files of this machine. */
final class DemoImage {
    static final long SIZE = 96L << 20;
    private static final long FILE_BYTES_MAX = 40L << 20;
    private static final int FILES_MAX = 3000;
    private static final List<Path> SOURCES =
            List.of(Path.of(System.getProperty("java.home"), "legal"), Path.of("/usr/share/doc"), Path.of("/usr/lib"));

    private DemoImage() {}

    /**
     * Makes the image.
     *
     * @return a description for the report
     */
    static String make(Path image, Path folder) throws IOException {
        Optional<Path> mkfs = Tools.find("mkfs.ext4");
        if (mkfs.isEmpty()) {
            generate(image);
            return "a generated image (there is no mkfs.ext4 here)";
        }
        Path files = Files.createDirectory(folder.resolve("files"));
        int count = stage(files);
        Tools.run(
                List.of(
                        mkfs.get().toString(),
                        "-q",
                        "-F",
                        "-d",
                        files.toString(),
                        image.toString(),
                        (SIZE >> 10) + "k"),
                List.of(0));
        return "an ext4 image with " + count + " files of this machine";
    }

    private static int stage(Path target) throws IOException {
        int count = 0;
        long bytes = 0;
        for (Path source : SOURCES) {
            for (Path file : regularFiles(source)) {
                long size = Files.size(file);
                if (count >= FILES_MAX || bytes + size > FILE_BYTES_MAX) {
                    break;
                }
                Files.copy(file, target.resolve(count + "-" + file.getFileName()));
                count++;
                bytes += size;
            }
        }
        return count;
    }

    private static List<Path> regularFiles(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.find(folder, 3, (p, a) -> a.isRegularFile() && a.size() < 4 << 20)) {
            all.filter(Files::isReadable).limit(FILES_MAX).forEach(files::add);
        }
        return files;
    }

    /** Generates an image: a third of it is data, the rest holes. */
    private static void generate(Path image) throws IOException {
        Random random = new Random(1);
        byte[] chunk = new byte[1 << 20];
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long at = 0; at < SIZE; at += 3L * chunk.length) {
                random.nextBytes(chunk);
                channel.write(ByteBuffer.wrap(chunk), at);
            }
            channel.write(ByteBuffer.allocate(1), SIZE - 1);
        }
    }
}
