package io.holdfast.cli.control;

import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.WriteFlag;
import java.util.Set;

/** The operations of {@link io.holdfast.volume.StoredFile}, with its names and meanings. */
sealed interface FileRequest extends Request {
    /** The number that opening the file returned. */
    long handle();

    record Size(long handle) implements FileRequest {}

    record Status(long handle) implements FileRequest {}

    /** The bytes are the reply's data; at most {@link Frame#DATA_BYTES_MAX}. */
    record Read(long handle, long offset, int length, Set<ReadFlag> flags) implements FileRequest {}

    /** The bytes are the frame's data. */
    record Write(long handle, long offset, Set<WriteFlag> flags) implements FileRequest {}

    record Flush(long handle) implements FileRequest {}

    record Allocate(long handle, long offset, long length) implements FileRequest {}

    record Punch(long handle, long offset, long length) implements FileRequest {}

    record Zero(long handle, long offset, long length) implements FileRequest {}

    /** At most {@link #EXTENTS_MAX} extents are answered, whatever the limit. */
    record Map(long handle, long offset, long length, int maxExtents) implements FileRequest {
        static final int EXTENTS_MAX = 4096;
    }

    record Truncate(long handle, long size) implements FileRequest {}

    /** Gives an unnamed file its first name. */
    record Name(long handle, String path, boolean replace) implements FileRequest {}

    record Close(long handle) implements FileRequest {}
}
