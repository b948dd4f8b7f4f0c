package io.holdfast.engine;

import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.namespace.Inode;
import io.holdfast.namespace.InodeAccess;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeCapacity;
import io.holdfast.volume.VolumeUsage;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The files of a volume by number for one user, as {@link UserFiles} has them by path. */
final class UserInodes implements Inodes {
    private final VolumeLife life;
    private final FileLayer files;
    private final InodeAccess inodes;
    private final FileStatuses statuses;
    private final Supplier<VolumeUsage> usage;
    private final @Nullable FileUser user;

    /** @param user null for nobody */
    UserInodes(
            VolumeLife life,
            FileLayer files,
            InodeAccess inodes,
            FileStatuses statuses,
            Supplier<VolumeUsage> usage,
            @Nullable FileUser user) {
        this.life = life;
        this.files = files;
        this.inodes = inodes;
        this.statuses = statuses;
        this.usage = usage;
        this.user = user;
    }

    @Override
    public FileStatus lookup(long directory, String name) throws HoldfastException {
        return life.call(() -> statuses.of(inodes.lookup(directory, name)));
    }

    @Override
    public FileStatus status(long inode) throws HoldfastException {
        return life.call(() -> statuses.of(inodes.status(inode)));
    }

    @Override
    public long parent(long directory) throws HoldfastException {
        return life.call(() -> inodes.parent(directory));
    }

    @Override
    public void setAttributes(long inode, AttributeChange change) throws HoldfastException {
        life.change(() -> inodes.setAttributes(inode, change));
    }

    @Override
    public String readLink(long inode) throws HoldfastException {
        return life.call(() -> inodes.readLink(inode));
    }

    @Override
    public StoredFile open(long inode) throws HoldfastException {
        return open(inode, FileLayer.Opening.FILE);
    }

    @Override
    public StoredFile openDisk(long inode) throws HoldfastException {
        return open(inode, FileLayer.Opening.DISK);
    }

    private StoredFile open(long inode, FileLayer.Opening opening) throws HoldfastException {
        return life.call(() ->
                inodes.open(inode, (number, path) -> life.guarded(files.open(number, path, opening, user), path)));
    }

    @Override
    public List<DirectoryEntry> list(long directory, String after, int limit) throws HoldfastException {
        return life.call(() -> inodes.list(directory, after, limit));
    }

    @Override
    public List<Long> numbers(long after, int limit) throws HoldfastException {
        return life.call(() -> inodes.numbers(after, limit));
    }

    @Override
    public StoredFile create(long directory, String name, CreateOptions options) throws HoldfastException {
        return life.call(() -> {
            life.requireChangeable();
            return inodes.create(
                    directory,
                    name,
                    options,
                    (inode, record) -> life.guarded(files.openNew(inode, record, user), null));
        });
    }

    @Override
    public FileStatus mkdir(long directory, String name, CreateOptions options) throws HoldfastException {
        return make(() -> inodes.mkdir(directory, name, options));
    }

    @Override
    public FileStatus symlink(long directory, String name, String target) throws HoldfastException {
        return make(() -> inodes.symlink(directory, name, target));
    }

    @Override
    public FileStatus link(long inode, long directory, String name) throws HoldfastException {
        return make(() -> inodes.link(inode, directory, name));
    }

    private FileStatus make(VolumeLife.Call<Inode> change) throws HoldfastException {
        return life.call(() -> {
            life.requireChangeable();
            return statuses.of(change.run());
        });
    }

    @Override
    public void rename(long fromDirectory, String from, long toDirectory, String to) throws HoldfastException {
        life.change(() -> inodes.rename(fromDirectory, from, toDirectory, to, this::requireUnused));
    }

    @Override
    public void remove(long directory, String name) throws HoldfastException {
        life.change(() -> inodes.remove(directory, name, this::requireUnused));
    }

    private void requireUnused(String path, long inode) throws HoldfastException {
        files.uses().requireUnused(path, inode, user);
    }

    @Override
    public void setXattr(long inode, String name, byte[] value) throws HoldfastException {
        life.change(() -> inodes.setXattr(inode, name, value));
    }

    @Override
    public byte[] getXattr(long inode, String name) throws HoldfastException {
        return life.call(() -> inodes.getXattr(inode, name));
    }

    @Override
    public List<String> listXattrs(long inode) throws HoldfastException {
        return life.call(() -> inodes.listXattrs(inode));
    }

    @Override
    public void removeXattr(long inode, String name) throws HoldfastException {
        life.change(() -> inodes.removeXattr(inode, name));
    }

    /**
     * A change of names is in the log when it returns, and the log keeps the order of changes. So a flush of the log
     * makes all of them durable.
     */
    @Override
    public void flushDirectory(long directory) throws HoldfastException {
        life.act(() -> {
            FileLayer.Writable to = life.requireWritable();
            inodes.requireDirectory(directory);
            to.log().flush();
        });
    }

    @Override
    public VolumeCapacity capacity() throws HoldfastException {
        return life.call(() -> VolumeCapacity.of(usage.get()));
    }
}
