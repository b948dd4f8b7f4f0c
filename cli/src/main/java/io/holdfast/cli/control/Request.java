package io.holdfast.cli.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonSubTypes.Type;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * A request: an operation of a volume, or one of a file that this connection has open. In JSON, the member {@code op}
 * says which; there are no others than these.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
    @Type(value = VolumeRequest.Info.class, name = "info"),
    @Type(value = VolumeRequest.Usage.class, name = "usage"),
    @Type(value = VolumeRequest.Counters.class, name = "counters"),
    @Type(value = VolumeRequest.Recovery.class, name = "recovery"),
    @Type(value = VolumeRequest.Failure.class, name = "failure"),
    @Type(value = VolumeRequest.Open.class, name = "open"),
    @Type(value = VolumeRequest.Create.class, name = "create"),
    @Type(value = VolumeRequest.Mkdir.class, name = "mkdir"),
    @Type(value = VolumeRequest.Symlink.class, name = "symlink"),
    @Type(value = VolumeRequest.ReadLink.class, name = "read_link"),
    @Type(value = VolumeRequest.Link.class, name = "link"),
    @Type(value = VolumeRequest.Status.class, name = "status"),
    @Type(value = VolumeRequest.SetAttributes.class, name = "set_attributes"),
    @Type(value = VolumeRequest.List.class, name = "list"),
    @Type(value = VolumeRequest.Rename.class, name = "rename"),
    @Type(value = VolumeRequest.Remove.class, name = "remove"),
    @Type(value = VolumeRequest.SetXattr.class, name = "set_xattr"),
    @Type(value = VolumeRequest.GetXattr.class, name = "get_xattr"),
    @Type(value = VolumeRequest.ListXattrs.class, name = "list_xattrs"),
    @Type(value = VolumeRequest.RemoveXattr.class, name = "remove_xattr"),
    @Type(value = VolumeRequest.Sync.class, name = "sync"),
    @Type(value = VolumeRequest.Checkpoint.class, name = "checkpoint"),
    @Type(value = VolumeRequest.Check.class, name = "check"),
    @Type(value = FileRequest.Size.class, name = "file_size"),
    @Type(value = FileRequest.Status.class, name = "file_status"),
    @Type(value = FileRequest.Read.class, name = "read"),
    @Type(value = FileRequest.Write.class, name = "write"),
    @Type(value = FileRequest.Flush.class, name = "flush"),
    @Type(value = FileRequest.Allocate.class, name = "allocate"),
    @Type(value = FileRequest.Punch.class, name = "punch"),
    @Type(value = FileRequest.Zero.class, name = "zero"),
    @Type(value = FileRequest.Map.class, name = "map"),
    @Type(value = FileRequest.Truncate.class, name = "truncate"),
    @Type(value = FileRequest.Close.class, name = "close")
})
sealed interface Request permits VolumeRequest, FileRequest {}
