package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.Folder;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** Calls that open files and change names, by path or by inode number, each compared with the model. */
final class NameCalls {
    private static final int NAMES = 4;

    private final World world;
    private final Folder own;
    private final OpenHandles handles;
    private final SplittableRandom random;
    /**
     * Decides which files are opened as disks. It is a stream of its own, so that scenarios without disks run as
     * before.
     */
    private final SplittableRandom disks;
    /** Decides which calls go by number; a stream of its own for the same reason. */
    private final SplittableRandom numbers;

    NameCalls(World world, int client, OpenHandles handles, SplittableRandom random) {
        this.world = world;
        this.own = world.folders.get(client + 1);
        this.handles = handles;
        this.random = random;
        this.disks = world.scenario.random("disks of client " + client);
        this.numbers = world.scenario.random("numbers of client " + client);
    }

    private Directory directory(Folder folder) throws HoldfastException {
        return world.mix.numbers && numbers.nextBoolean()
                ? Directory.ByNumber.of(world.volume().inodes(), folder.path())
                : new Directory.ByPath(world.volume(), folder.path());
    }

    void open() throws HoldfastException {
        Folder folder = world.mix.sharedOnly || random.nextInt(3) > 0 ? world.shared : own;
        if (folder == world.shared) {
            world.sharedLock.lock();
            try {
                openIn(folder);
            } finally {
                world.sharedLock.unlock();
            }
        } else {
            openIn(folder);
        }
    }

    private void openIn(Folder folder) throws HoldfastException {
        List<Map.Entry<String, Folder.Node>> found = folder.names().entrySet().stream()
                .filter(entry -> !entry.getValue().isDirectory())
                .toList();
        if (found.isEmpty()) {
            create(folder, "n" + random.nextInt(NAMES));
            return;
        }
        Map.Entry<String, Folder.Node> chosen = found.get(random.nextInt(found.size()));
        FileModel model = chosen.getValue().file();
        String path = folder.pathOf(chosen.getKey());
        world.log("open", path);
        boolean disk = world.mix.disks && disks.nextBoolean();
        Directory directory = directory(folder);
        StoredFile file = disk ? directory.openDisk(chosen.getKey()) : directory.open(chosen.getKey());
        if (model == null || file.inode() != model.inode()) {
            throw new ViolationException("%s leads to inode %d".formatted(path, file.inode()));
        }
        handles.add(Handle.of(file, model, disk));
    }

    /** Creates a file under a free name. */
    private void create(Folder folder, String chosen) throws HoldfastException {
        if (folder.names().containsKey(chosen)) {
            return;
        }
        boolean checksummed = random.nextInt(3) > 0;
        long size =
                random.nextBoolean() ? 0 : (long) FileModel.CELL * random.nextInt(world.scenario.fileBlocks() * 8 + 1);
        String path = folder.pathOf(chosen);
        FileModel model = world.newFile(path, checksummed, size);
        world.log("create", path + " of " + size + (checksummed ? "" : " without checksums"));
        folder.begin(names -> names.put(chosen, new Folder.Node(model)));
        CreateOptions options = CreateOptions.file().withSize(size);
        StoredFile file;
        try {
            file = directory(folder).create(chosen, checksummed ? options : options.withoutChecksum());
        } catch (HoldfastException e) {
            refusedUnlessOver(folder);
            throw e;
        }
        model.setInode(file.inode());
        folder.done();
        handles.addOrClose(file, model);
    }

    /** Removes a file that others may have open, and creates a new one under its name. */
    void replaceShared() throws HoldfastException {
        world.sharedLock.lock();
        try {
            List<String> names = List.copyOf(world.shared.names().keySet());
            // When the power is cut while another client has the lock, the name may be gone or not.
            if (!names.isEmpty() && !world.isOver()) {
                String chosen = names.get(random.nextInt(names.size()));
                remove(world.shared, chosen);
                create(world.shared, chosen);
            }
        } finally {
            world.sharedLock.unlock();
        }
    }

    /** Flushes a directory by number; returns false if this scenario has no calls by number. */
    boolean flushDirectory() throws HoldfastException {
        if (!world.mix.numbers || numbers.nextBoolean()) {
            return false;
        }
        long start = world.ticks.next();
        world.log("flush directory", own.path());
        Inodes inodes = world.volume().inodes();
        inodes.flushDirectory(Directory.ByNumber.of(inodes, own.path()).number());
        world.namesFlushed(start);
        return true;
    }

    /** Compares the client's own directory, which nobody else changes, with the model. */
    void list() throws HoldfastException {
        if (!world.mix.numbers || numbers.nextInt(4) > 0) {
            return;
        }
        world.log("list", own.path());
        List<DirectoryEntry> entries = directory(own).list(2 * NAMES);
        Set<String> found = new TreeSet<>();
        for (DirectoryEntry entry : entries) {
            Folder.Node node = own.names().get(entry.name());
            FileModel file = node == null ? null : node.file();
            if (file == null || file.inode() == entry.inode()) {
                found.add(entry.name());
            }
        }
        if (!world.isOver() && !found.equals(own.names().keySet())) {
            throw new ViolationException("%s: it lists %s and has %s"
                    .formatted(own.path(), entries, own.names().keySet()));
        }
    }

    private void remove(Folder folder, String chosen) throws HoldfastException {
        world.log("remove", folder.pathOf(chosen));
        folder.begin(names -> names.remove(chosen));
        change(folder, () -> directory(folder).remove(chosen));
    }

    private interface Call {
        void run() throws HoldfastException;
    }

    private void change(Folder folder, Call call) throws HoldfastException {
        try {
            call.run();
        } catch (HoldfastException e) {
            refusedUnlessOver(folder);
            throw e;
        }
        folder.done();
    }

    /**
     * Records a failed call as refused, which changed nothing; unless the device failed, for then its change may be in
     * the log.
     */
    private void refusedUnlessOver(Folder folder) {
        if (!world.isOver()) {
            folder.refused();
        }
    }

    void namespace() throws HoldfastException {
        String a = "n" + random.nextInt(NAMES);
        String b = "n" + random.nextInt(NAMES);
        Folder.Node nodeA = own.names().get(a);
        Folder.Node nodeB = own.names().get(b);
        switch (random.nextInt(6)) {
            case 0 -> create(own, a);
            case 1 -> {
                if (nodeA == null) {
                    world.log("mkdir", own.pathOf(a));
                    own.begin(names -> names.put(a, new Folder.Node(null)));
                    change(own, () -> directory(own).mkdir(a));
                }
            }
            case 2 -> {
                if (nodeA != null) {
                    remove(own, a);
                }
            }
            case 3 -> {
                if (nodeA != null && !nodeA.isDirectory() && nodeB == null) {
                    world.log("link", own.pathOf(a) + " " + b);
                    own.begin(names -> names.put(b, nodeA));
                    change(own, () -> directory(own).link(a, b));
                }
            }
            default -> {
                if (nodeA != null && (nodeB == null || nodeA.isDirectory() == nodeB.isDirectory()) && !a.equals(b)) {
                    world.log("rename", own.pathOf(a) + " " + b);
                    boolean sameFile = nodeB != null && !nodeA.isDirectory() && nodeA.file() == nodeB.file();
                    own.begin(names -> {
                        if (!sameFile) {
                            names.remove(a);
                            names.put(b, nodeA);
                        }
                    });
                    change(own, () -> directory(own).rename(a, b));
                }
            }
        }
    }
}
