package io.holdfast.engine;

import io.holdfast.error.HoldfastException;
import io.holdfast.failure.FailureLatch;
import io.holdfast.file.FileLayer;

/** The end of an open volume: what it has becomes durable, and what it holds is given back. */
final class Closing {
    /** The time that closing spends on checkpoints. */
    private static final long CHECKPOINT_NANOS = 3_000_000_000L;

    private final Layers volume;

    Closing(Layers volume) {
        this.volume = volume;
    }

    /** Closes the volume. Does nothing if it is closed. */
    void close() throws HoldfastException {
        // These come first: a call that waits for room on the host keeps the volume from being closed, and so does a
        // check.
        volume.state().room().stop();
        volume.background().stop();
        volume.life().close(() -> {
            try {
                shutDown();
            } finally {
                release();
            }
        });
    }

    /** Closes a volume that has taken no other's place, and leaves the right to use the device to that other one. */
    void discard() throws HoldfastException {
        volume.state().room().stop();
        volume.life().close(() -> {
            try {
                shutDown();
            } finally {
                releaseOwn();
            }
        });
    }

    /**
     * Makes everything durable, in a last checkpoint, which leaves the log empty, if that takes no longer than {@link
     * #CHECKPOINT_NANOS}. Else the log has it.
     */
    private void shutDown() throws HoldfastException {
        FileLayer.Writable to = volume.writable();
        if (to == null) {
            volume.files().stop();
            return;
        }
        FailureLatch latch = volume.state().latch();
        try {
            writeAll();
        } finally {
            to.checkpointer()
                    .checkpoints()
                    .giveUpAt(volume.environment().timing().nanoTime() + CHECKPOINT_NANOS);
            to.checkpointer().stop();
        }
        if (!latch.failed() && !to.checkpointer().checkpoints().write(to.log()::freeze, true)) {
            to.log().leave();
        }
        latch.check();
    }

    /** Stops the threads of files, and writes what these have. */
    private void writeAll() throws HoldfastException {
        volume.discarding().stop();
        volume.files().stop();
        if (!volume.state().latch().failed()) {
            volume.files().dropUnnamed();
            volume.files().writeAll();
        }
    }

    /**
     * Makes everything durable in a checkpoint that leaves the log empty, however long that takes. The volume writes nothing any more then; it is still to be closed.
     *
     * @return false if the host has no room for it. Then the log has everything, and is closed
     */
    boolean intoOneCheckpoint(FileLayer.Writable to) throws HoldfastException {
        try {
            writeAll();
        } finally {
            to.checkpointer().stop();
        }
        volume.state().latch().check();
        boolean written = to.checkpointer().checkpoints().write(to.log()::freeze, true);
        if (!written) {
            to.log().leave();
        }
        volume.state().latch().check();
        return written;
    }

    private void release() throws HoldfastException {
        try {
            releaseOwn();
        } finally {
            volume.guard().release();
        }
    }

    /** Gives back all but the right to use the device. */
    void releaseOwn() throws HoldfastException {
        try {
            volume.device().close();
        } finally {
            volume.files().close();
            FileLayer.Writable to = volume.writable();
            if (to != null) {
                to.log().close();
            }
            volume.state().nodeBuffers().close();
            volume.state().nodes().close();
            volume.state().maps().close();
        }
    }
}
