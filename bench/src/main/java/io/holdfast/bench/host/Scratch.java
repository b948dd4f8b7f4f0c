package io.holdfast.bench.host;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The folder on a real disk in which all measurements run. It is removed at the end with its contents. */
public final class Scratch {
    /** File systems without a disk of their own, on which measurements say nothing about a disk. */
    private static final Set<String> NO_DISK =
            Set.of("tmpfs", "ramfs", "devtmpfs", "overlay", "nfs", "nfs4", "9p", "fuse");

    private static final int SOCKET_PATH_BYTES_MAX = 100;

    private final Path folder;
    private final Path sockets;
    private final BlockDevice device;

    private Scratch(Path folder, Path sockets, BlockDevice device) {
        this.folder = folder;
        this.sockets = sockets;
        this.device = device;
    }

    /** Makes a new folder in {@code parent}. */
    public static Scratch in(Path parent, CleanUp cleanUp) throws IOException {
        Files.createDirectories(parent);
        FileStore store = Files.getFileStore(parent);
        if (NO_DISK.contains(store.type())) {
            throw new IOException(
                    "%s is on %s and not on a disk: name another folder with --dir".formatted(parent, store.type()));
        }
        BlockDevice device = BlockDevice.under(parent);
        Path folder = Files.createTempDirectory(parent.toRealPath(), "holdfast-bench-");
        cleanUp.later("remove " + folder, () -> remove(folder));
        Path sockets = folder;
        if (folder.toString().length() > SOCKET_PATH_BYTES_MAX / 2) {
            Path other = Files.createTempDirectory("hfb");
            cleanUp.later("remove " + other, () -> remove(other));
            sockets = other;
        }
        return new Scratch(folder, sockets, device);
    }

    /** Removes a folder and the files in it. There are no mounts in it by then. */
    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(folder)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }

    public Path file(String name) {
        return folder.resolve(name);
    }

    public Path socket(String name) {
        return sockets.resolve(name + ".s");
    }

    public BlockDevice device() {
        return device;
    }

    public String fileSystem() throws IOException {
        return Files.getFileStore(folder).type();
    }

    public long freeBytes() throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }

    /**
     * Makes a completely written file. As on a disk in use, the file system then has nothing to allocate or to mark as
     * written.
     */
    public Path writtenFile(String name, long bytes) throws IOException {
        long keep = 2L << 30;
        if (freeBytes() - keep < bytes) {
            throw new IOException(
                    "%s needs %d MiB and %s has %d MiB left".formatted(name, bytes >> 20, folder, freeBytes() >> 20));
        }
        Path path = file(name);
        Command.run(
                "fio",
                "--name=make",
                "--output-format=json",
                "--filename=" + path,
                "--rw=write",
                "--bs=1M",
                "--ioengine=io_uring",
                "--iodepth=8",
                "--direct=1",
                "--fallocate=native",
                "--zero_buffers",
                "--end_fsync=1",
                "--size=" + bytes);
        return path;
    }

    /** Drops what the kernel has cached. */
    public void dropCaches() throws IOException {
        Command.run("sync");
        Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
    }
}
