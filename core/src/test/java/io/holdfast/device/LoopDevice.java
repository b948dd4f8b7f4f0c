package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A block device of Linux on a regular file; needs root. */
public final class LoopDevice implements AutoCloseable {
    private final Path node;

    private LoopDevice(Path node) {
        this.node = node;
    }

    /** Makes one, or prints why there is none and returns nothing. */
    public static Optional<LoopDevice> on(Path file, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("losetup", "--find", "--show"));
        command.addAll(List.of(options));
        command.add(file.toString());
        Tool.Result result = Tool.run(command.toArray(String[]::new));
        if (result.status() != 0) {
            System.out.println("SKIPPED: no loop device to be had: " + result.output());
            return Optional.empty();
        }
        return Optional.of(new LoopDevice(Path.of(result.output().strip())));
    }

    public Path node() {
        return node;
    }

    @Override
    public void close() throws IOException {
        try {
            Tool.run("losetup", "--detach", node.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
