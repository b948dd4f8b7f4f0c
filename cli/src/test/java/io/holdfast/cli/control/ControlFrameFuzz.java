package io.holdfast.cli.control;

import io.holdfast.fuzz.FuzzTarget;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The frames of the control socket, from a client's first byte on. */
public final class ControlFrameFuzz implements FuzzTarget {
    private final FuzzPeer peer = new FuzzPeer();

    public ControlFrameFuzz() throws Exception {}

    @Override
    public void run(byte[] input) throws Exception {
        peer.serve(input);
    }

    @Override
    public int shortRunInputs() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                frame("{\"op\":\"info\"}", 0),
                frame("{\"op\":\"set_xattr\",\"path\":\"/vm/disk\",\"name\":\"user.b\"}", 30),
                frame("{}", 0),
                frame("", 0));
    }

    private static byte[] frame(String json, int dataBytes) {
        return frame(json.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    static byte[] frame(byte[] text, int dataBytes) {
        return ByteBuffer.allocate(Frame.HEADER_BYTES + text.length + dataBytes)
                .putInt(Frame.MAGIC)
                .putInt(text.length)
                .putInt(dataBytes)
                .put(text)
                .array();
    }
}
