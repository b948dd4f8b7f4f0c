package io.holdfast.cli.control;

import io.holdfast.volume.FileUser;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A command at the control socket as a user of files. What it has open is in use from the beginning. */
final class CommandUser implements FileUser {
    private final FrameChannel channel;
    private volatile long pid;

    CommandUser(FrameChannel channel) {
        this.channel = channel;
    }

    /** The other side says which process it is. It is believed for messages only. */
    void hello(long said) {
        pid = said;
    }

    @Override
    public String description() {
        long known = pid;
        return known > 0 ? "another holdfast command (pid " + known + ")" : "another holdfast command";
    }

    @Override
    public boolean hasBegun() {
        return true;
    }

    /** The thread that serves the connection ends the request it is at, and then closes the files. */
    @Override
    public void cutOff() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
