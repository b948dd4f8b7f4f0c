package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.Change;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.Folder;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.util.ArrayList;
import java.util.List;

/**
 * The files that NBD clients use as disks, and what dead clients may have left to them.
 *
 * <p>A change that a client has sent, and that has no reply, may be made as long as its connection is served. When a later
 * connection has had its first reply, all changes of clients that were gone before it came are made or never will be:
 * {@link #settle}.
 */
public final class Disks {
    private static final List<String> NAMES = List.of("d0", "d1");

    private final World world;
    private final List<Disk> disks = new ArrayList<>();

    Disks(World world) {
        this.world = world;
    }

    /** A file, its name as an export, and the changes of clients that are gone. */
    record Disk(String export, FileModel model, List<Change> left) {}

    /** Makes the files. */
    void furnish(Volume volume) throws HoldfastException {
        Folder folder = world.disksFolder;
        for (String name : NAMES) {
            String path = folder.pathOf(name);
            boolean checksummed = name.equals(NAMES.getFirst());
            CreateOptions options = CreateOptions.file();
            FileModel model = world.newFile(path, checksummed, size());
            try (StoredFile file = volume.create(path, checksummed ? options : options.withoutChecksum())) {
                file.truncate(size());
                model.setInode(file.inode());
            }
            folder.begin(names -> names.put(name, new Folder.Node(model)));
            folder.done();
            disks.add(new Disk(path.substring(1), model, new ArrayList<>()));
        }
    }

    long size() {
        return world.scenario.fileBlocks() * 4096L;
    }

    Disk get(int index) {
        return disks.get(index);
    }

    int count() {
        return disks.size();
    }

    /** Records that these changes, which clients have left to a disk, are made or never will be. */
    static void settle(Disk disk, List<Change> changes) {
        for (Change change : changes) {
            if (disk.left().remove(change)) {
                disk.model().failed(change);
            }
        }
    }

    /** Records that no session is left. */
    public void settleAll() {
        disks.forEach(disk -> settle(disk, List.copyOf(disk.left())));
    }
}
