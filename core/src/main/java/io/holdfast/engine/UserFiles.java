package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.namespace.FileOpener;
import io.holdfast.namespace.Namespace;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.InUse;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeFiles;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files of a volume for one user. A file that the user opens is in use; no change takes a name from a file that
 * another user has open.
 */
final class UserFiles implements VolumeFiles {
    private final VolumeLife life;
    private final FileLayer files;
    private final Namespace namespace;
    private final Inodes inodes;
    private final @Nullable FileUser user;

    /**
     * @param inodes the files by number, for the same user
     * @param user null for nobody
     */
    UserFiles(VolumeLife life, FileLayer files, Namespace namespace, Inodes inodes, @Nullable FileUser user) {
        this.life = life;
        this.files = files;
        this.namespace = namespace;
        this.inodes = inodes;
        this.user = user;
    }

    @Override
    public Inodes inodes() {
        return inodes;
    }

    @Override
    public StoredFile open(String path) throws HoldfastException {
        return open(path, FileLayer.Opening.FILE);
    }

    @Override
    public StoredFile openDisk(String path) throws HoldfastException {
        return open(path, FileLayer.Opening.DISK);
    }

    private StoredFile open(String path, FileLayer.Opening opening) throws HoldfastException {
        return life.call(() -> namespace.open(path, opener(opening)));
    }

    @Override
    public StoredFile create(String path, CreateOptions create) throws HoldfastException {
        return life.call(() -> {
            life.requireChangeable();
            return namespace.create(
                    path, create, (inode, record) -> life.guarded(files.openNew(inode, record, user), path));
        });
    }

    private FileOpener<StoredFile> opener(FileLayer.Opening opening) {
        return (inode, path) -> life.guarded(files.open(inode, path, opening, user), path);
    }

    @Override
    public StoredFile createUnnamed(CreateOptions options) throws HoldfastException {
        return life.call(() -> {
            life.requireChangeable();
            return life.guarded(namespace.createUnnamed(options, files.unnamed()), null);
        });
    }

    @Override
    public void link(StoredFile file, String path, boolean replace) throws HoldfastException {
        life.change(() -> {
            boolean ours = file instanceof GuardedFile guarded && guarded.isGuardedBy(life);
            try (StoredFile open = ours ? files.openAgain(file.inode()) : null) {
                if (open == null) {
                    throw new HoldfastException(
                            ErrorCode.CLOSED, path + ": the file that is to get this name is not open here");
                }
                namespace.link(open.inode(), path, replace, this::requireUnused);
            }
        });
    }

    @Override
    public void rename(String from, String to) throws HoldfastException {
        life.change(() -> namespace.rename(from, to, this::requireUnused));
    }

    @Override
    public void remove(String path) throws HoldfastException {
        life.change(() -> namespace.remove(path, this::requireUnused));
    }

    private void requireUnused(String path, long inode) throws HoldfastException {
        files.uses().requireUnused(path, inode, user);
    }

    /**
     * Waits for users without holding {@code life}: they need it to end, and a thread that waits to close the volume
     * keeps new calls out of it.
     */
    @Override
    public FileClaim claim(List<String> paths, InUse inUse) throws HoldfastException {
        List<Namespace.Meant> meant = life.call(() -> {
            List<Namespace.Meant> found = new ArrayList<>();
            for (String path : paths) {
                found.add(namespace.meant(path));
            }
            return found;
        });
        return files.uses().claim(meant, user, inUse);
    }

    @Override
    public FileClaim claimSize(String path, InUse inUse) throws HoldfastException {
        return life.call(() -> namespace.open(path, (inode, canonical) ->
                        (SizeClaim) () -> files.uses().claimSize(inode, canonical, user, inUse)))
                .make();
    }

    /** Makes a claim once the locks of the volume and of the namespace are released. */
    private interface SizeClaim {
        FileClaim make() throws HoldfastException;
    }
}
