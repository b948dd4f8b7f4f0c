package io.holdfast.cli.control;

import io.holdfast.cli.control.VolumeRequest.OpenedFile;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Progress;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeCapacity;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * The files of a {@link RemoteVolume} by inode number. The server does everything in the name of the control
 * connection. A server of an older version answers with {@code UNSUPPORTED}.
 */
final class RemoteInodes implements Inodes {
    private final ControlClient client;

    RemoteInodes(ControlClient client) {
        this.client = client;
    }

    @Override
    public FileStatus lookup(long directory, String name) throws HoldfastException {
        return client.call(new InodeRequest.Lookup(directory, name), FileStatus.class);
    }

    @Override
    public FileStatus status(long inode) throws HoldfastException {
        return client.call(new InodeRequest.Status(inode), FileStatus.class);
    }

    @Override
    public long parent(long directory) throws HoldfastException {
        return client.call(new InodeRequest.Parent(directory), Long.class);
    }

    @Override
    public void setAttributes(long inode, AttributeChange change) throws HoldfastException {
        client.call(new InodeRequest.SetAttributes(
                inode,
                Optional.ofNullable(change.mode()),
                Optional.ofNullable(change.uid()),
                Optional.ofNullable(change.gid()),
                Optional.ofNullable(change.accessTime()),
                Optional.ofNullable(change.modifyTime())));
    }

    @Override
    public String readLink(long inode) throws HoldfastException {
        return client.call(new InodeRequest.ReadLink(inode), String.class);
    }

    @Override
    public StoredFile open(long inode) throws HoldfastException {
        client.introduce();
        return new RemoteFile(client, client.call(new InodeRequest.Open(inode), OpenedFile.class));
    }

    /** Always fails: only doors in the process that has the volume open disks, so there is no request for it. */
    @Override
    public StoredFile openDisk(long inode) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, RemoteVolume.NO_DISKS);
    }

    @Override
    public List<DirectoryEntry> list(long directory, String after, int limit) throws HoldfastException {
        return client.callForList(new InodeRequest.List(directory, after, limit), DirectoryEntry.class);
    }

    @Override
    public StoredFile create(long directory, String name, CreateOptions options) throws HoldfastException {
        client.introduce();
        return new RemoteFile(client, client.call(new InodeRequest.Create(directory, name, options), OpenedFile.class));
    }

    @Override
    public FileStatus mkdir(long directory, String name, CreateOptions options) throws HoldfastException {
        return client.call(new InodeRequest.Mkdir(directory, name, options), FileStatus.class);
    }

    @Override
    public FileStatus symlink(long directory, String name, String target) throws HoldfastException {
        return client.call(new InodeRequest.Symlink(directory, name, target), FileStatus.class);
    }

    @Override
    public FileStatus link(long inode, long directory, String name) throws HoldfastException {
        return client.call(new InodeRequest.Link(inode, directory, name), FileStatus.class);
    }

    @Override
    public void rename(long fromDirectory, String from, long toDirectory, String to) throws HoldfastException {
        client.call(new InodeRequest.Rename(fromDirectory, from, toDirectory, to));
    }

    @Override
    public void remove(long directory, String name) throws HoldfastException {
        client.call(new InodeRequest.Remove(directory, name));
    }

    @Override
    public void setXattr(long inode, String name, byte[] value) throws HoldfastException {
        client.call(new InodeRequest.SetXattr(inode, name), ByteBuffer.wrap(value), Progress.NONE);
    }

    @Override
    public byte[] getXattr(long inode, String name) throws HoldfastException {
        return client.callForBytes(new InodeRequest.GetXattr(inode, name));
    }

    @Override
    public List<String> listXattrs(long inode) throws HoldfastException {
        return client.callForList(new InodeRequest.ListXattrs(inode), String.class);
    }

    @Override
    public void removeXattr(long inode, String name) throws HoldfastException {
        client.call(new InodeRequest.RemoveXattr(inode, name));
    }

    @Override
    public void flushDirectory(long directory) throws HoldfastException {
        client.call(new InodeRequest.FlushDirectory(directory));
    }

    @Override
    public VolumeCapacity capacity() throws HoldfastException {
        return client.call(new InodeRequest.Capacity(), VolumeCapacity.class);
    }
}
