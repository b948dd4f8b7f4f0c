package io.holdfast.cli.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * A request: an operation of a volume, one of a file by its inode number, or one of a file that this connection has
 * open. In JSON the member {@code op} says which. The set is closed.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
    @JsonSubTypes.Type(value = VolumeRequest.Info.class, name = "info"),
    @JsonSubTypes.Type(value = VolumeRequest.Storage.class, name = "storage"),
    @JsonSubTypes.Type(value = VolumeRequest.Usage.class, name = "usage"),
    @JsonSubTypes.Type(value = VolumeRequest.Counters.class, name = "counters"),
    @JsonSubTypes.Type(value = VolumeRequest.Recovery.class, name = "recovery"),
    @JsonSubTypes.Type(value = VolumeRequest.Failure.class, name = "failure"),
    @JsonSubTypes.Type(value = VolumeRequest.Open.class, name = "open"),
    @JsonSubTypes.Type(value = VolumeRequest.Create.class, name = "create"),
    @JsonSubTypes.Type(value = VolumeRequest.CreateUnnamed.class, name = "create_unnamed"),
    @JsonSubTypes.Type(value = VolumeRequest.Mkdir.class, name = "mkdir"),
    @JsonSubTypes.Type(value = VolumeRequest.Symlink.class, name = "symlink"),
    @JsonSubTypes.Type(value = VolumeRequest.ReadLink.class, name = "read_link"),
    @JsonSubTypes.Type(value = VolumeRequest.Link.class, name = "link"),
    @JsonSubTypes.Type(value = VolumeRequest.Status.class, name = "status"),
    @JsonSubTypes.Type(value = VolumeRequest.SetAttributes.class, name = "set_attributes"),
    @JsonSubTypes.Type(value = VolumeRequest.List.class, name = "list"),
    @JsonSubTypes.Type(value = VolumeRequest.Rename.class, name = "rename"),
    @JsonSubTypes.Type(value = VolumeRequest.Remove.class, name = "remove"),
    @JsonSubTypes.Type(value = VolumeRequest.SetXattr.class, name = "set_xattr"),
    @JsonSubTypes.Type(value = VolumeRequest.GetXattr.class, name = "get_xattr"),
    @JsonSubTypes.Type(value = VolumeRequest.ListXattrs.class, name = "list_xattrs"),
    @JsonSubTypes.Type(value = VolumeRequest.RemoveXattr.class, name = "remove_xattr"),
    @JsonSubTypes.Type(value = VolumeRequest.Sync.class, name = "sync"),
    @JsonSubTypes.Type(value = VolumeRequest.Checkpoint.class, name = "checkpoint"),
    @JsonSubTypes.Type(value = VolumeRequest.Grow.class, name = "grow"),
    @JsonSubTypes.Type(value = VolumeRequest.Check.class, name = "check"),
    @JsonSubTypes.Type(value = VolumeRequest.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = VolumeRequest.Claim.class, name = "claim"),
    @JsonSubTypes.Type(value = VolumeRequest.ClaimSize.class, name = "claim_size"),
    @JsonSubTypes.Type(value = VolumeRequest.Release.class, name = "release"),
    @JsonSubTypes.Type(value = InodeRequest.Lookup.class, name = "lookup"),
    @JsonSubTypes.Type(value = InodeRequest.Status.class, name = "inode_status"),
    @JsonSubTypes.Type(value = InodeRequest.Parent.class, name = "inode_parent"),
    @JsonSubTypes.Type(value = InodeRequest.SetAttributes.class, name = "inode_set_attributes"),
    @JsonSubTypes.Type(value = InodeRequest.ReadLink.class, name = "inode_read_link"),
    @JsonSubTypes.Type(value = InodeRequest.Open.class, name = "inode_open"),
    @JsonSubTypes.Type(value = InodeRequest.List.class, name = "inode_list"),
    @JsonSubTypes.Type(value = InodeRequest.Create.class, name = "inode_create"),
    @JsonSubTypes.Type(value = InodeRequest.Mkdir.class, name = "inode_mkdir"),
    @JsonSubTypes.Type(value = InodeRequest.Symlink.class, name = "inode_symlink"),
    @JsonSubTypes.Type(value = InodeRequest.Link.class, name = "inode_link"),
    @JsonSubTypes.Type(value = InodeRequest.Rename.class, name = "inode_rename"),
    @JsonSubTypes.Type(value = InodeRequest.Remove.class, name = "inode_remove"),
    @JsonSubTypes.Type(value = InodeRequest.SetXattr.class, name = "inode_set_xattr"),
    @JsonSubTypes.Type(value = InodeRequest.GetXattr.class, name = "inode_get_xattr"),
    @JsonSubTypes.Type(value = InodeRequest.ListXattrs.class, name = "inode_list_xattrs"),
    @JsonSubTypes.Type(value = InodeRequest.RemoveXattr.class, name = "inode_remove_xattr"),
    @JsonSubTypes.Type(value = InodeRequest.FlushDirectory.class, name = "flush_directory"),
    @JsonSubTypes.Type(value = InodeRequest.Capacity.class, name = "capacity"),
    @JsonSubTypes.Type(value = FileRequest.Size.class, name = "file_size"),
    @JsonSubTypes.Type(value = FileRequest.Status.class, name = "file_status"),
    @JsonSubTypes.Type(value = FileRequest.Read.class, name = "read"),
    @JsonSubTypes.Type(value = FileRequest.Write.class, name = "write"),
    @JsonSubTypes.Type(value = FileRequest.Flush.class, name = "flush"),
    @JsonSubTypes.Type(value = FileRequest.Allocate.class, name = "allocate"),
    @JsonSubTypes.Type(value = FileRequest.Punch.class, name = "punch"),
    @JsonSubTypes.Type(value = FileRequest.Zero.class, name = "zero"),
    @JsonSubTypes.Type(value = FileRequest.Map.class, name = "map"),
    @JsonSubTypes.Type(value = FileRequest.Truncate.class, name = "truncate"),
    @JsonSubTypes.Type(value = FileRequest.Name.class, name = "name"),
    @JsonSubTypes.Type(value = FileRequest.Close.class, name = "close")
})
sealed interface Request permits VolumeRequest, InodeRequest, FileRequest {}
