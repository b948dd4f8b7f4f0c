package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system on a loop device on a file of the scratch folder. The loop device bypasses the outer page cache. */
public final class LoopFileSystem {
    private final Path folder;

    private LoopFileSystem(Path folder) {
        this.folder = folder;
    }

    /** Makes and mounts one; {@code make} is the command for that, without the device. */
    public static LoopFileSystem mount(
            Scratch scratch, CleanUp cleanUp, String name, long bytes, List<String> make, String options)
            throws IOException {
        Path image = scratch.writtenFile(name + ".disk", bytes);
        cleanUp.later("remove " + image, () -> Files.deleteIfExists(image));
        String device = Command.run("losetup", "--find", "--show", "--direct-io=on", image.toString())
                .strip();
        cleanUp.later("detach " + device, () -> Command.run("losetup", "--detach", device));
        List<String> command = new java.util.ArrayList<>(make);
        command.add(device);
        Command.run(command);
        Path folder = Files.createDirectory(scratch.file(name));
        cleanUp.later("remove " + folder, () -> Files.deleteIfExists(folder));
        Command.run("mount", "-o", options, device, folder.toString());
        cleanUp.later("unmount " + folder, () -> Command.run("umount", folder.toString()));
        return new LoopFileSystem(folder);
    }

    public Path file(String name) {
        return folder.resolve(name);
    }
}
