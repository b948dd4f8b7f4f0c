package io.holdfast.device;

import java.io.IOException;

/** A {@link BlockFile} could not be written, or given room, because its file system is full or a quota used up. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    public NoRoomException(String message) {
        super(message);
    }
}
