package io.holdfast.nbd;

import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.StoredFile;
import java.nio.ByteBuffer;

/** Serves a {@link StreamModel} and checks the server against it. */
final class StreamServer {
    private final FuzzServer server = new FuzzServer();

    StreamServer() throws Exception {}

    void serve(StreamModel model, Mode mode, boolean readOnly) throws Exception {
        Dialogue dialogue = Dialogue.begin();
        switch (mode) {
            case SIMPLE -> {}
            case STRUCTURED -> dialogue.option(OptionType.STRUCTURED_REPLY).metaContext(OptionType.SET_META_CONTEXT);
            case EXTENDED -> dialogue.option(OptionType.EXTENDED_HEADERS).metaContext(OptionType.SET_META_CONTEXT);
        }
        byte[] said = dialogue.infoOrGo(OptionType.GO).bytes(model.bytes()).done();
        byte[] content = StreamModel.initial();
        byte[] heard = server.serve(said, readOnly, new FuzzServer.Look() {
            @Override
            public void before(StoredFile file) throws Exception {
                file.write(0, ByteBuffer.wrap(content));
            }

            @Override
            public void after(StoredFile file) throws Exception {
                file.read(0, ByteBuffer.wrap(content));
            }
        });
        model.verify(transmission(heard), content);
    }

    /** Skips the greeting and the replies to options. */
    private static ByteBuffer transmission(byte[] heard) {
        ByteBuffer bytes = ByteBuffer.wrap(heard).position(18);
        boolean entered = false;
        while (!entered) {
            bytes.getLong();
            int option = bytes.getInt();
            int type = bytes.getInt();
            int length = bytes.getInt();
            entered = option == OptionType.GO.code() && type == OptionReply.ACK.code();
            bytes.position(bytes.position() + length);
        }
        return bytes;
    }
}
