package io.holdfast.cli.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.fuzz.LoggedErrors;
import io.holdfast.fuzz.MemorySocket;
import io.holdfast.fuzz.MemoryVolumes;
import io.holdfast.volume.Volume;
import java.util.Optional;

/** Runs one control connection, without a socket, with a client whose bytes are given, and parses the answers. */
final class FuzzPeer {
    private final MemoryVolumes volumes = new MemoryVolumes();
    private final LoggedErrors errors = new LoggedErrors(ControlConnection.class.getName());
    private final Watchdog watchdog = new Watchdog();

    FuzzPeer() throws Exception {}

    /** Serves a client that sends these bytes; returns how many of its requests got a final answer. */
    int serve(byte[] client) throws Exception {
        MemorySocket socket = new MemorySocket(client);
        try (Volume volume = volumes.open()) {
            new ControlConnection(new FrameChannel(socket, watchdog, FrameChannel.FRAME_TIME_MAX), Served.only(volume))
                    .run();
            assertThat(volume.failure()).isEmpty();
        }
        assertThat(socket.isOpen()).as("the connection is open").isFalse();
        errors.rethrow();
        return socket.overflown() ? 0 : answers(socket.received());
    }

    private int answers(byte[] received) throws Exception {
        int count = 0;
        try (FrameChannel heard = new FrameChannel(new MemorySocket(received), watchdog, FrameChannel.FRAME_TIME_MAX)) {
            for (Optional<Frame> frame = heard.read(); frame.isPresent(); frame = heard.read()) {
                Reply reply = Codec.reply(frame.get().json());
                count += reply instanceof Reply.Step ? 0 : 1;
            }
        }
        return count;
    }
}
