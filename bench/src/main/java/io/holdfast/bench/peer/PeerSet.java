package io.holdfast.bench.peer;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Command;
import io.holdfast.bench.host.LoopFileSystem;
import io.holdfast.bench.host.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All possible participants, with their disks, which are made when first needed. One thread uses it.
 *
 * <p>The same for all: the disk is {@code dataBytes} long, lies in a completely written file on the same disk of the
 * machine, and uses direct I/O unless the name says otherwise.
 */
public final class PeerSet implements AutoCloseable {
    public static final String HOLDFAST = "holdfast";
    public static final String DISK = "disk";
    /** QEMU without a cache, with {@code aio=native}, the fastest way here; threads and io_uring were slower. */
    public static final String QEMU_NONE = "qemu-raw-none";

    public static final String QEMU_WRITEBACK = "qemu-raw-writeback";
    public static final String QEMU_QCOW2 = "qemu-qcow2";
    public static final String NBDKIT_FILE = "nbdkit-file";
    public static final String NBDKIT_MEMORY = "nbdkit-memory";
    public static final String QEMU_BTRFS = "qemu-on-btrfs";
    public static final String QEMU_BTRFS_NOCOW = "qemu-on-btrfs-nodatacow";
    public static final String QEMU_XFS = "qemu-on-xfs";
    public static final String FILE_BTRFS = "file-on-btrfs";
    public static final String FILE_BTRFS_NOCOW = "file-on-btrfs-nodatacow";
    public static final String FILE_XFS = "file-on-xfs";

    private static final long GIB = 1L << 30;
    private static final int CLIENTS_MAX = 8;

    private final Settings settings;
    private final Scratch scratch;
    private final CleanUp cleanUp;
    private final Map<String, Image> images = new HashMap<>();
    private final Map<String, Contender> contenders = new LinkedHashMap<>();
    private Optional<LoopFileSystem> btrfs = Optional.empty();
    private Optional<LoopFileSystem> xfs = Optional.empty();

    public PeerSet(Settings settings, Scratch scratch, CleanUp whole) {
        this.cleanUp = new CleanUp(whole);
        this.settings = settings;
        this.scratch = scratch;
    }

    public static List<String> names() {
        return List.of(
                HOLDFAST,
                DISK,
                QEMU_NONE,
                QEMU_WRITEBACK,
                QEMU_QCOW2,
                NBDKIT_FILE,
                NBDKIT_MEMORY,
                QEMU_BTRFS,
                QEMU_BTRFS_NOCOW,
                QEMU_XFS,
                FILE_BTRFS,
                FILE_BTRFS_NOCOW,
                FILE_XFS);
    }

    /** Returns a participant by name. */
    public Contender get(String name) {
        return contenders.computeIfAbsent(name, this::make);
    }

    /** Ends all servers. */
    public void stopAll() throws IOException {
        for (Contender contender : contenders.values()) {
            contender.stop();
        }
    }

    private Contender make(String name) {
        return switch (name) {
            case HOLDFAST -> {
                HoldfastServer server = holdfast();
                yield contender(
                        name,
                        image("volume", this::makeVolume),
                        image -> server.start(image.path()).session());
            }
            case DISK -> contender(name, raw(), new DirectPeer("io_uring"));
            case QEMU_NONE -> contender(name, raw(), qemu(name, "raw", "none", "native"));
            // A peer that uses the page cache has a file of its own, because O_DIRECT on the same file would drop the
            // cache.
            case QEMU_WRITEBACK -> contender(name, cached(), qemu(name, "raw", "writeback", "threads"));
            case QEMU_QCOW2 -> contender(name, image("qcow2", this::makeQcow2), qemu(name, "qcow2", "none", "native"));
            case NBDKIT_FILE -> contender(name, cached(), nbdkit(name, path -> List.of("file", path.toString())));
            case NBDKIT_MEMORY ->
                new Contender(
                        name,
                        new Image(() -> Path.of("/nonexistent")),
                        nbdkit(name, path -> List.of("memory", Long.toString(settings.dataBytes()))),
                        settings,
                        scratch,
                        true);
            case QEMU_BTRFS -> contender(name, onBtrfs(), qemu(name, "raw", "none", "native"));
            case QEMU_BTRFS_NOCOW -> contender(name, onBtrfsNoCow(), qemu(name, "raw", "none", "native"));
            case QEMU_XFS -> contender(name, onXfs(), qemu(name, "raw", "none", "native"));
            case FILE_BTRFS -> contender(name, onBtrfs(), new DirectPeer("psync"));
            case FILE_BTRFS_NOCOW -> contender(name, onBtrfsNoCow(), new DirectPeer("psync"));
            case FILE_XFS -> contender(name, onXfs(), new DirectPeer("psync"));
            default -> throw new IllegalArgumentException("there is no peer " + name);
        };
    }

    private Contender contender(String name, Image image, Peer peer) {
        return new Contender(name, image, peer, settings, scratch, false);
    }

    /** Returns Holdfast's command, for scenarios that bring their own volume. */
    public HoldfastServer holdfast() {
        return new HoldfastServer(HOLDFAST, settings.root(), scratch, cleanUp, settings.memoryBytes(), List.of());
    }

    private Peer qemu(String name, String format, String cache, String aio) {
        return new NbdServerPeer(
                name,
                scratch,
                cleanUp,
                (socket, image) -> List.of(
                        "qemu-nbd",
                        "--persistent",
                        "--shared=" + CLIENTS_MAX,
                        "--format=" + format,
                        "--cache=" + cache,
                        "--aio=" + aio,
                        "--socket=" + socket,
                        image.toString()));
    }

    @FunctionalInterface
    private interface Plugin {
        List<String> of(Path image);
    }

    private Peer nbdkit(String name, Plugin plugin) {
        return new NbdServerPeer(name, scratch, cleanUp, (socket, image) -> {
            List<String> command =
                    new java.util.ArrayList<>(List.of("nbdkit", "--foreground", "--unix", socket.toString()));
            command.addAll(plugin.of(image));
            return command;
        });
    }

    private Image image(String name, Image.Maker maker) {
        return images.computeIfAbsent(name, n -> new Image(maker));
    }

    private Image raw() {
        return image("raw", () -> writtenFile("raw.img", settings.dataBytes()));
    }

    private Image cached() {
        return image("cached", () -> writtenFile("cached.img", settings.dataBytes()));
    }

    private Image onBtrfs() {
        return image("btrfs", () -> emptyFile(btrfs().file("checksummed.img")));
    }

    private Image onBtrfsNoCow() {
        return image("btrfs-nodatacow", () -> {
            Path path = btrfs().file("nodatacow.img");
            Files.createFile(path);
            Command.run("chattr", "+C", path.toString());
            return emptyFile(path);
        });
    }

    private Image onXfs() {
        return image("xfs", () -> emptyFile(xfs().file("file.img")));
    }

    private Path emptyFile(Path path) throws IOException {
        Command.run("truncate", "--size=" + settings.dataBytes(), path.toString());
        return path;
    }

    private Path makeQcow2() throws IOException {
        Path path = scratch.file("disk.qcow2");
        Command.run("qemu-img", "create", "-q", "-f", "qcow2", path.toString(), Long.toString(settings.dataBytes()));
        cleanUp.later("remove " + path, () -> Files.deleteIfExists(path));
        return path;
    }

    /** Makes a volume with room for the disk twice, so that it is a little less than half full. */
    private Path makeVolume() throws IOException {
        Path path = writtenFile("volume.holdfast", settings.dataBytes() * 2 + GIB / 2);
        holdfast().format(path, settings.dataBytes());
        return path;
    }

    private Path writtenFile(String name, long bytes) throws IOException {
        Path path = scratch.writtenFile(name, bytes);
        cleanUp.later("remove " + path, () -> Files.deleteIfExists(path));
        return path;
    }

    private LoopFileSystem btrfs() throws IOException {
        if (btrfs.isEmpty()) {
            // There is room for a checksummed disk twice, for one without checksums, and for metadata.
            btrfs = Optional.of(LoopFileSystem.mount(
                    scratch,
                    cleanUp,
                    "btrfs",
                    settings.dataBytes() * 3 + GIB,
                    List.of("mkfs.btrfs", "-q", "-f"),
                    "noatime"));
        }
        return btrfs.get();
    }

    private LoopFileSystem xfs() throws IOException {
        if (xfs.isEmpty()) {
            xfs = Optional.of(LoopFileSystem.mount(
                    scratch, cleanUp, "xfs", settings.dataBytes() + GIB, List.of("mkfs.xfs", "-q", "-f"), "noatime"));
        }
        return xfs.get();
    }

    /** Ends all servers and removes all disks. */
    @Override
    public void close() throws IOException {
        stopAll();
        cleanUp.close();
    }
}
