package io.holdfast.device;

import java.io.IOException;

/** A {@link BlockFile} cannot be written, or get room: its file system is full, or a quota is used up. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    public NoRoomException(String message) {
        super(message);
    }
}
