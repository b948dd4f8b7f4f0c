package io.holdfast.nbd.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;

/**
 * Tells a peer why a TLS handshake failed. The engine has an alert ready then (RFC 8446, 6.2). But the TLS channel
 * throws and sends nothing more, so the peer would see only a closed connection.
 */
final class TlsAlert {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    /** An alert is one record; one more may have waited before it. */
    private static final int RECORDS_MAX = 8;

    private TlsAlert() {}

    /** Sends what the engine of a failed handshake still has to send. */
    static void send(SSLEngine engine, WritableByteChannel socket) {
        ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        try {
            for (int i = 0; i < RECORDS_MAX; i++) {
                if (engine.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.NEED_WRAP) {
                    return;
                }
                SSLEngineResult result = engine.wrap(NOTHING.duplicate(), record.clear());
                record.flip();
                while (record.hasRemaining()) {
                    socket.write(record);
                }
                if (result.bytesProduced() == 0) {
                    return;
                }
            }
        } catch (IOException e) {
            // A peer that is gone needs no reason.
        }
    }
}
