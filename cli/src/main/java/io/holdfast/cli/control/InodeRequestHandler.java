package io.holdfast.cli.control;

import io.holdfast.cli.control.RequestHandler.Answer;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import java.nio.ByteBuffer;

/** Carries out the requests of one connection for files by inode number, in the name of the connection's user. */
final class InodeRequestHandler {
    private final Opened opened;

    /** Takes over a file that a request opened and answers with its handle. */
    @FunctionalInterface
    interface Opened {
        Answer answer(StoredFile file) throws HoldfastException;
    }

    InodeRequestHandler(Opened opened) {
        this.opened = opened;
    }

    Answer handle(InodeRequest request, Inodes inodes, ByteBuffer data) throws HoldfastException {
        return switch (request) {
            case InodeRequest.Lookup(var directory, var name) -> Answer.of(inodes.lookup(directory, name));
            case InodeRequest.Status(var inode) -> Answer.of(inodes.status(inode));
            case InodeRequest.Parent(var directory) -> Answer.of(inodes.parent(directory));
            case InodeRequest.SetAttributes r -> {
                inodes.setAttributes(
                        r.inode(),
                        new AttributeChange(
                                r.mode().orElse(null),
                                r.uid().orElse(null),
                                r.gid().orElse(null),
                                r.accessTime().orElse(null),
                                r.modifyTime().orElse(null)));
                yield Answer.done();
            }
            case InodeRequest.ReadLink(var inode) -> Answer.of(inodes.readLink(inode));
            case InodeRequest.Open(var inode) -> opened.answer(inodes.open(inode));
            case InodeRequest.List(var directory, var after, var limit) ->
                Answer.of(inodes.list(directory, after, Math.min(limit, VolumeRequest.List.ENTRIES_MAX)));
            case InodeRequest.Create(var directory, var name, var options) ->
                opened.answer(inodes.create(directory, name, options));
            case InodeRequest.Mkdir(var directory, var name, var options) ->
                Answer.of(inodes.mkdir(directory, name, options));
            case InodeRequest.Symlink(var directory, var name, var target) ->
                Answer.of(inodes.symlink(directory, name, target));
            case InodeRequest.Link(var inode, var directory, var name) ->
                Answer.of(inodes.link(inode, directory, name));
            case InodeRequest.Rename(var fromDirectory, var from, var toDirectory, var to) -> {
                inodes.rename(fromDirectory, from, toDirectory, to);
                yield Answer.done();
            }
            case InodeRequest.Remove(var directory, var name) -> {
                inodes.remove(directory, name);
                yield Answer.done();
            }
            case InodeRequest.SetXattr(var inode, var name) -> {
                inodes.setXattr(inode, name, RequestHandler.array(data));
                yield Answer.done();
            }
            case InodeRequest.GetXattr(var inode, var name) ->
                Answer.bytes(ByteBuffer.wrap(inodes.getXattr(inode, name)));
            case InodeRequest.ListXattrs(var inode) -> Answer.of(inodes.listXattrs(inode));
            case InodeRequest.RemoveXattr(var inode, var name) -> {
                inodes.removeXattr(inode, name);
                yield Answer.done();
            }
            case InodeRequest.FlushDirectory(var directory) -> {
                inodes.flushDirectory(directory);
                yield Answer.done();
            }
            case InodeRequest.Capacity() -> Answer.of(inodes.capacity());
        };
    }
}
