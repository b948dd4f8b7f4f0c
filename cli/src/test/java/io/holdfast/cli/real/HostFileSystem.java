package io.holdfast.cli.real;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A file system of a few hundred MiB that a test may fill. Needs root; without it the test is skipped. */
final class HostFileSystem implements AutoCloseable {
    private final Path folder;
    private final Path mounted;

    /** Makes one of {@code mib} MiB in a folder of its own, of the kind ext4. */
    HostFileSystem(Path folder, int mib) throws IOException {
        // Without blocks that only the administrator may take: the server of the tests is one.
        this(folder, mib, "/sbin/mkfs.ext4", "-q", "-F", "-m", "0");
    }

    /** Makes one by a command, to which the file that it lies in is added. */
    HostFileSystem(Path folder, int mib, String... make) throws IOException {
        if (!Files.isExecutable(Path.of(make[0]))) {
            Program.skip(make[0] + " is not installed");
        }
        this.folder = folder;
        this.mounted = Files.createDirectory(folder.resolve("host"));
        Path image = folder.resolve("image");
        Program.run(folder, "truncate", "-s", mib + "M", image.toString());
        String[] command = Arrays.copyOf(make, make.length + 1);
        command[make.length] = image.toString();
        Program.run(folder, command);
        Program.Result mount = Program.end(folder, "mount", "-o", "loop", image.toString(), mounted.toString());
        if (mount.status() != 0) {
            Program.skip("a file system cannot be mounted here: " + mount.output());
        }
    }

    Path path() {
        return mounted;
    }

    /** Takes all but {@code mib} MiB of what is free, by a file that {@link #empty} removes. */
    void fillUpTo(int mib) throws IOException {
        long bytes = Files.getFileStore(mounted).getUsableSpace() - ((long) mib << 20);
        Program.run(folder, "fallocate", "-l", Long.toString(bytes), filler().toString());
    }

    /** Takes every block that is free. */
    void fill() throws IOException {
        byte[] block = new byte[4096];
        for (int i = 0; Files.getFileStore(mounted).getUsableSpace() > 0; i++) {
            Path file = mounted.resolve("rest-" + i);
            try (OutputStream out = Files.newOutputStream(file)) {
                while (true) {
                    out.write(block);
                }
            } catch (IOException full) {
                if (Files.notExists(file) || Files.size(file) == 0) {
                    return;
                }
            }
        }
    }

    /** Gives back what was filled. */
    void empty() throws IOException {
        Files.deleteIfExists(filler());
        try (var rest = Files.newDirectoryStream(mounted, "rest-*")) {
            for (Path file : rest) {
                Files.delete(file);
            }
        }
    }

    private Path filler() {
        return mounted.resolve("filler");
    }

    @Override
    public void close() throws IOException {
        Program.run(folder, "umount", mounted.toString());
    }
}
