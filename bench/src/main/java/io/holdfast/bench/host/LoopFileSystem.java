package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file system on a loop device over a file in the scratch folder. The loop device bypasses the outer page cache. */
public final class LoopFileSystem {
    private static final int UNMOUNT_ATTEMPTS_MAX = 50;
    private static final double UNMOUNT_PAUSE_SECONDS = 0.2;

    private final Path folder;

    private LoopFileSystem(Path folder) {
        this.folder = folder;
    }

    /** Makes and mounts one; {@code make} is the command that makes it, without the device. */
    public static LoopFileSystem mount(
            Scratch scratch, CleanUp cleanUp, String name, long bytes, List<String> make, String options)
            throws IOException {
        Path image = scratch.file(name + ".disk");
        Path folder = scratch.file(name);
        cleanUp.later("remove " + image, () -> Files.deleteIfExists(image));
        cleanUp.later("detach " + image, () -> detach(image));
        cleanUp.later("remove " + folder, () -> Files.deleteIfExists(folder));
        cleanUp.later("unmount " + folder, () -> unmount(folder));
        scratch.writtenFile(image.getFileName().toString(), bytes);
        String device = Command.run("losetup", "--find", "--show", "--direct-io=on", image.toString())
                .strip();
        List<String> command = new ArrayList<>(make);
        command.add(device);
        Command.run(command);
        Files.createDirectory(folder);
        Command.run("mount", "-o", options, device, folder.toString());
        return new LoopFileSystem(folder);
    }

    private static void detach(Path image) throws IOException {
        if (Files.exists(image)) {
            List<String> devices = Command.run(
                            "losetup", "--associated", image.toString(), "--noheadings", "--output", "NAME")
                    .lines()
                    .toList();
            for (String device : devices) {
                Command.run("losetup", "--detach", device.strip());
            }
        }
    }

    /**
     * Unmounts, and tries again for a while: a killed process keeps its files open until the disk has answered its last
     * request.
     */
    private static void unmount(Path folder) throws IOException {
        for (int attempt = 1; isMounted(folder); attempt++) {
            try {
                Command.run("umount", folder.toString());
            } catch (IOException e) {
                if (attempt == UNMOUNT_ATTEMPTS_MAX) {
                    throw e;
                }
                Pause.seconds(UNMOUNT_PAUSE_SECONDS);
            }
        }
    }

    static boolean isMounted(Path folder) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .anyMatch(line -> line.split(" ", -1)[1].equals(folder.toString()));
    }

    public Path file(String name) {
        return folder.resolve(name);
    }
}
