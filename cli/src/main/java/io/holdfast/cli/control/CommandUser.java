package io.holdfast.cli.control;

import io.holdfast.volume.FileUser;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A command at the control socket as a user of files. A file is in use as soon as the command has it open. */
final class CommandUser implements FileUser {
    private final FrameChannel channel;
    private volatile long pid;

    CommandUser(FrameChannel channel) {
        this.channel = channel;
    }

    /** Takes the process id that the other side claims to have. It is used only in messages. */
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

    /** Cuts the connection. Its thread ends the current request and then closes the files. */
    @Override
    public void cutOff() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
